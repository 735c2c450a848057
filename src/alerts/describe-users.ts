import type { ContextLeaves } from './context-leaves.ts';
import { DASHBOARD, type Describe, factsOf, piece } from './phrase.ts';

/** The user something was done to, who need not be the one who did it. */
const takeUser = (context: ContextLeaves): string | undefined =>
  context.take('user_email', 'email', 'username', 'user_name', 'user', 'user_id');

const onUser =
  (title: string, act: (user: string | undefined) => string): Describe =>
  (context) => {
    const user = takeUser(context);
    return { title, act: act(user), facts: factsOf([['User', user]]), links: [DASHBOARD.home] };
  };

const status: Describe = (context) => {
  const user = takeUser(context);
  const from = context.take('old_status', 'previous_status', 'old.status');
  const to = context.take('new_status', 'new.status', 'status');
  return {
    title: 'User status changed',
    act: `changed the status of ${user === undefined ? 'a user' : `user ${user}`}`,
    detail: [piece('was ', from), piece('now ', to)].filter((part) => part !== '').join(', '),
    facts: factsOf([
      ['User', user],
      ['Old status', from],
      ['New status', to],
    ]),
    links: [DASHBOARD.home],
  };
};

const search: Describe = (context) => {
  const product = context.take('product', 'product_type');
  const query = context.take('search_text', 'query', 'search', 'number', 'msisdn');
  return {
    title: 'Records searched',
    act: `searched the ${product ?? 'call and message'} records`,
    detail: piece('looked for ', query),
    facts: factsOf([
      ['Product', product],
      ['Searched for', query],
    ]),
    links: [],
  };
};

const apiKeys: Describe = (context) => {
  const user = takeUser(context);
  const keys = context.take('api_keys', 'api_key', 'accounts', 'account_id', 'account');
  return {
    title: 'API keys of a user changed',
    act: `changed the API keys (sub-accounts) of ${user === undefined ? 'a user' : `user ${user}`}`,
    detail: keys,
    facts: factsOf([
      ['User', user],
      ['API keys', keys],
    ]),
    links: [DASHBOARD.home],
  };
};

const session =
  (title: string, act: string): Describe =>
  () => ({ title, act, facts: [], links: [] });

/** Events about dashboard users. */
export const USER_EVENTS = {
  USER_STATUS: status,
  USER_UPDATE: onUser('User changed', (user) =>
    user === undefined ? 'changed the details of a user' : `changed the details of user ${user}`,
  ),
  USER_BILLING_UPDATE: onUser(
    'Billing details changed',
    (user) => `changed the billing details${piece(' of ', user)}`,
  ),
  USER_CREATE: onUser('User created', (user) =>
    user === undefined ? 'created a user' : `created user ${user}`,
  ),
  USER_LOGIN: session('User logged in', 'logged in'),
  USER_LOGOUT: session('User logged out', 'logged out'),
  USER_PRODUCT_SEARCH: search,
  USER_API_KEYS_UPDATE: apiKeys,
} as const satisfies Record<string, Describe>;
