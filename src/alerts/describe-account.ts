import type { Circumstances } from './circumstances.ts';
import type { ContextLeaves } from './context-leaves.ts';
import { change, DASHBOARD, type Describe, factsOf, joined, piece } from './phrase.ts';

const accountOf = (context: ContextLeaves, { apiAccount }: Circumstances): string => {
  const account = context.take('accountId', 'account_id', 'api_key', 'account') ?? apiAccount;
  return account === undefined ? 'the account' : `account ${account}`;
};

const secret =
  (title: string, verb: string): Describe =>
  (context, about) => {
    const id = context.take('secret_id', 'secret.id', 'id');
    return {
      title,
      act: `${verb} ${accountOf(context, about)}`,
      detail: piece('secret id ', id),
      facts: factsOf([['Secret id', id]]),
      links: [DASHBOARD.settings],
    };
  };

/** Where messages that come in, and receipts for those that went out, are sent, as contexts name it. */
const INBOUND = ['moCallBackUrl', 'moHttpUrl', 'inbound_url.url', 'inbound_url', 'inbound'] as const;
const RECEIPTS = ['drCallBackUrl', 'drHttpUrl', 'receipt_url.url', 'receipt_url', 'receipt'] as const;
/** Settings without words of ours that a sentence names. */
const MAX_SETTINGS = 3;

const settings =
  (title: string, through: string): Describe =>
  (context, about) => {
    const account = accountOf(context, about);
    const inbound = context.take(...INBOUND);
    const inboundBefore = context.takeOld(...INBOUND);
    const receipts = context.take(...RECEIPTS);
    const receiptsBefore = context.takeOld(...RECEIPTS);
    const known = joined(
      piece('inbound messages ', change('go to ', inbound, inboundBefore)),
      piece('delivery receipts ', change('go to ', receipts, receiptsBefore)),
    );
    // Better a name out of the context than nothing at all.
    const others = context
      .rest(MAX_SETTINGS, [])
      .slice(0, MAX_SETTINGS)
      .map(({ name, value }) => `${name} is now ${value}`);
    return {
      title,
      act: `changed the settings of ${account}${about.whence.endsWith(' API') ? '' : through}`,
      detail: known === '' ? joined(...others) : known,
      facts: factsOf([
        ['Inbound messages go to', inbound],
        ['Inbound messages went to', inboundBefore],
        ['Receipts go to', receipts],
        ['Receipts went to', receiptsBefore],
      ]),
      links: [DASHBOARD.settings],
    };
  };

const SPAMMER_ACTS: Readonly<Record<string, (account: string) => string>> = {
  true: (account) => `flagged ${account} as a spammer`,
  false: (account) => `took the spammer flag off ${account}`,
};

const spammer: Describe = (context, about) => {
  const flag = context.take('new.spammer', 'new_value', 'spammer', 'is_spammer', 'value', 'status');
  const account = accountOf(context, about);
  const act = flag === undefined ? undefined : SPAMMER_ACTS[flag.toLowerCase()];
  return {
    title: 'Spammer flag changed',
    act: act?.(account) ?? `changed the spammer flag of ${account}`,
    detail: act === undefined ? piece('now ', flag) : undefined,
    facts: factsOf([['Spammer flag', flag]]),
    links: [DASHBOARD.home],
  };
};

/** Networks that hold every address there is. */
const EVERYWHERE: ReadonlySet<string> = new Set(['0.0.0.0/0', '::/0', '0.0.0.0', '*']);

const allowList =
  (title: string, verb: string): Describe =>
  (context, about) => {
    const address = context.take(
      'ip',
      'ip_address',
      'address',
      'cidr',
      'whitelist_ip',
      'ips',
      'addresses',
      'ip_addresses',
    );
    const entry = address === undefined ? 'an entry' : address;
    const whole = address !== undefined && EVERYWHERE.has(address) ? ', which is every address' : '';
    return {
      title,
      // The address comes last: beside the one it was done from, nobody could tell them apart.
      act: `changed the IP allow-list of ${accountOf(context, about)}`,
      detail: `${verb} ${entry}${whole}`,
      facts: factsOf([['Allow-list address', address]]),
      links: [DASHBOARD.settings],
    };
  };

const AMOUNT = ['amount', 'reload_amount', 'auto_reload_amount', 'value'] as const;
const THRESHOLD = ['threshold', 'reload_threshold', 'minimum_balance', 'limit'] as const;

const autoReload =
  (title: string, act: string, terms: readonly [adds: string, whenItFalls: string]): Describe =>
  (context) => {
    const currency = context.take('currency') ?? context.takeOld('currency');
    context.takeOld('currency');
    const money = (value: string | undefined): string | undefined =>
      value === undefined || currency === undefined ? value : `${value} ${currency}`;
    const amount = money(context.take('new.amount', ...AMOUNT));
    const amountBefore = money(context.takeOld(...AMOUNT));
    const threshold = money(context.take('new.threshold', ...THRESHOLD));
    const thresholdBefore = money(context.takeOld(...THRESHOLD));
    const [adds, whenItFalls] = terms;
    return {
      title,
      act,
      detail: [
        piece(adds, amount, piece(' (was ', amountBefore, ')')),
        piece(whenItFalls, threshold, piece(' (was ', thresholdBefore, ')')),
      ]
        .filter((part) => part !== '')
        .join(' '),
      facts: factsOf([
        ['Reload amount', amount],
        ['Amount before', amountBefore],
        ['Reload threshold', threshold],
        ['Threshold before', thresholdBefore],
      ]),
      links: [DASHBOARD.home],
    };
  };

const FROM_NOW = ['it adds ', 'when the balance falls to '] as const;
const UNTIL_NOW = ['it added ', 'when the balance fell to '] as const;

/** Events about the account itself: secrets, settings, the IP allow-list, automatic reload. */
export const ACCOUNT_EVENTS = {
  ACCOUNT_SECRET_CREATE: secret('API secret created', 'created an API secret for'),
  ACCOUNT_SECRET_DELETE: secret('API secret deleted', 'deleted an API secret of'),
  ACCOUNT_UPDATE_SPAMMER: spammer,
  ACCOUNT_UPDATE_SETTINGS: settings('Account settings changed', ''),
  ACCOUNT_UPDATE_SETTINGS_API: settings('Account settings changed through the API', ' through the API'),
  IP_WHITELIST_CREATE: allowList('IP allow-list entry added', 'added'),
  IP_WHITELIST_DELETE: allowList('IP allow-list entry removed', 'removed'),
  AUTORELOAD_ENABLE: autoReload('Automatic reload switched on', 'switched on automatic reload', FROM_NOW),
  AUTORELOAD_UPDATE: autoReload('Automatic reload changed', 'changed automatic reload', FROM_NOW),
  AUTORELOAD_DISABLE: autoReload('Automatic reload switched off', 'switched off automatic reload', UNTIL_NOW),
} as const satisfies Record<string, Describe>;
