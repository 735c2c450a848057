import type { AlertField } from '../core/alert.ts';
import type { Circumstances } from './circumstances.ts';
import type { ContextLeaves } from './context-leaves.ts';
import { change, DASHBOARD, type Describe, factsOf, piece } from './phrase.ts';

/** Who something was done to: a name, and whether it is the one who did it. */
interface Affected {
  readonly user: string | undefined;
  readonly self: boolean;
  /** For the reader. */
  readonly facts: readonly AlertField[];
}

const takeUser = (context: ContextLeaves, { email, userId }: Circumstances): Affected => {
  const name = context.take('user_email', 'email', 'username', 'user_name', 'user');
  const id = context.take('user_id');
  const user = name ?? id;
  return {
    user,
    self: user !== undefined && (user === email || user === userId),
    facts: factsOf([
      ['User', user],
      ['User id', name === undefined ? undefined : id],
    ]),
  };
};

/** `user bob@example.com`, `a user`. */
const named = ({ user }: Affected): string => (user === undefined ? 'a user' : `user ${user}`);

/** `their own details`, `the details of user bob@example.com`. */
const belonging = (affected: Affected, what: string): string =>
  affected.self ? `their own ${what}` : `the ${what} of ${named(affected)}`;

/** The names of what was changed, as some events list them. */
const takeChanged = (context: ContextLeaves): string | undefined =>
  context.take('changed', 'changed_fields', 'changes', 'fields');

const status: Describe = (context, about) => {
  const affected = takeUser(context, about);
  const from = context.takeOld('status');
  const to = context.take('new_status', 'new.status', 'status');
  return {
    title: 'User status changed',
    act: `changed ${belonging(affected, 'status')}`,
    detail: change('', to, from),
    facts: [
      ...affected.facts,
      ...factsOf([
        ['Old status', from],
        ['New status', to],
      ]),
    ],
    links: [DASHBOARD.home],
  };
};

const details: Describe = (context, about) => {
  const affected = takeUser(context, about);
  const changed = takeChanged(context);
  return {
    title: 'User changed',
    act: `changed ${belonging(affected, 'details')}`,
    detail: changed,
    facts: [...affected.facts, ...factsOf([['Changed', changed]])],
    links: [DASHBOARD.home],
  };
};

const billing: Describe = (context, about) => {
  const affected = takeUser(context, about);
  const changed = takeChanged(context);
  const address = context.take('billing_email', 'invoice_email');
  const before = context.takeOld('billing_email', 'invoice_email');
  return {
    title: 'Billing details changed',
    act: `changed ${affected.user === undefined ? 'the billing details' : belonging(affected, 'billing details')}`,
    detail: address === undefined ? changed : `invoices ${change('go to ', address, before)}`,
    facts: [
      ...affected.facts,
      ...factsOf([
        ['Changed', changed],
        ['Invoices go to', address],
        ['Invoices went to', before],
      ]),
    ],
    links: [DASHBOARD.home],
  };
};

const created: Describe = (context, about) => {
  const affected = takeUser(context, about);
  const role = context.take('role', 'roles', 'user_role', 'permission', 'permissions');
  return {
    title: 'User created',
    act: `created ${named(affected)}${piece(role?.includes(', ') ? ' with the roles ' : ' with the role ', role)}`,
    facts: [...affected.facts, ...factsOf([['Role', role]])],
    links: [DASHBOARD.home],
  };
};

const PRODUCTS: Readonly<Record<string, string>> = {
  sms: 'the SMS records',
  voice: 'the call records',
  verify: 'the records of verification codes (Verify)',
};

const search: Describe = (context) => {
  const product = context.take('product', 'product_type');
  const query = context.take('search_text', 'query', 'search', 'number', 'msisdn', 'to', 'from');
  const by = context.take('search_type');
  const records =
    product === undefined ? undefined : (PRODUCTS[product.toLowerCase()] ?? `the ${product} records`);
  return {
    title: 'Records searched',
    act: `searched ${records ?? 'the call and message records'}`,
    detail: piece('looked for ', query) || piece('by ', by),
    facts: factsOf([
      ['Product', product],
      ['Searched for', query],
      ['Searched by', by],
    ]),
    links: [],
  };
};

const apiKeys: Describe = (context, about) => {
  const affected = takeUser(context, about);
  const keys = context.take('api_keys', 'api_key', 'accounts', 'account_id', 'account');
  return {
    title: 'API keys of a user changed',
    act: `changed ${belonging(affected, 'API keys (sub-accounts)')}`,
    detail: keys,
    facts: [...affected.facts, ...factsOf([['API keys', keys]])],
    links: [DASHBOARD.home],
  };
};

const FAILED =
  /^((login|sign-?in)[ _-])?(fail(ed|ure)?|denied|rejected|refused|locked|invalid[ _-](password|credentials|code))$/i;

/** A login that the event itself says did not succeed must not read as one that did. */
const login: Describe = (context) => {
  const word = context.take('status', 'result', 'outcome', 'state');
  const flag = context.take('success', 'successful');
  const reason = context.take('reason', 'failure_reason', 'error');
  const failed = flag === 'false' || [word, reason].some((text) => text !== undefined && FAILED.test(text));
  return {
    title: failed ? 'Login failed' : 'User logged in',
    act: failed ? 'failed to log in' : 'logged in',
    detail: failed ? (reason ?? word) : undefined,
    facts: factsOf([
      ['Result', word],
      ['Success', flag],
      ['Reason', reason],
    ]),
    links: [],
  };
};

/** Events about dashboard users. */
export const USER_EVENTS = {
  USER_STATUS: status,
  USER_UPDATE: details,
  USER_BILLING_UPDATE: billing,
  USER_CREATE: created,
  USER_LOGIN: login,
  USER_LOGOUT: () => ({ title: 'User logged out', act: 'logged out', facts: [], links: [] }),
  USER_PRODUCT_SEARCH: search,
  USER_API_KEYS_UPDATE: apiKeys,
} as const satisfies Record<string, Describe>;
