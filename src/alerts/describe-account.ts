import type { Circumstances } from './circumstances.ts';
import type { ContextLeaves } from './context-leaves.ts';
import { DASHBOARD, type Describe, factsOf, piece } from './phrase.ts';

const accountOf = (context: ContextLeaves, { apiAccount }: Circumstances): string => {
  const account = context.take('accountId', 'account_id', 'api_key', 'account') ?? apiAccount;
  return account === undefined ? 'the account' : `account ${account}`;
};

const secret =
  (title: string, verb: string): Describe =>
  (context, circumstances) => {
    const id = context.take('secret_id', 'secret.id', 'id');
    return {
      title,
      act: `${verb} an API secret of ${accountOf(context, circumstances)}${piece(' (secret id ', id, ')')}`,
      facts: factsOf([['Secret id', id]]),
      links: [DASHBOARD.settings],
    };
  };

const settings =
  (title: string, through: string): Describe =>
  (context, circumstances) => ({
    title,
    act: `changed the settings of ${accountOf(context, circumstances)}${circumstances.whence.endsWith(' API') ? '' : through}`,
    facts: [],
    links: [DASHBOARD.settings],
  });

const spammer: Describe = (context, circumstances) => {
  const flag = context.take('new.spammer', 'new_value', 'spammer', 'is_spammer', 'value', 'status');
  return {
    title: 'Spammer flag changed',
    act: `changed the spammer flag of ${accountOf(context, circumstances)}`,
    detail: piece('now ', flag),
    facts: factsOf([['Spammer flag', flag]]),
    links: [DASHBOARD.home],
  };
};

const allowList =
  (title: string, act: (address: string) => string): Describe =>
  (context) => {
    const address = context.take('ip', 'ip_address', 'address', 'cidr', 'whitelist_ip', 'ips');
    return {
      title,
      act: act(address ?? 'an address'),
      facts: factsOf([['Allow-list address', address]]),
      links: [DASHBOARD.settings],
    };
  };

const autoReload =
  (title: string, act: string): Describe =>
  (context) => {
    const amount = context.take('new.amount', 'reload_amount', 'auto_reload_amount', 'amount', 'value');
    const threshold = context.take(
      'new.threshold',
      'reload_threshold',
      'threshold',
      'minimum_balance',
      'limit',
    );
    const currency = context.take('currency');
    const money = (value: string | undefined): string | undefined =>
      value === undefined || currency === undefined ? value : `${value} ${currency}`;
    const terms = [
      ...(amount === undefined ? [] : [`adds ${money(amount)}`]),
      ...(threshold === undefined ? [] : [`when the balance falls to ${money(threshold)}`]),
    ].join(' ');
    return {
      title,
      act,
      detail: terms,
      facts: factsOf([
        ['Reload amount', money(amount)],
        ['Reload threshold', money(threshold)],
      ]),
      links: [DASHBOARD.home],
    };
  };

/** Events about the account itself: secrets, settings, the IP allow-list, automatic reload. */
export const ACCOUNT_EVENTS = {
  ACCOUNT_SECRET_CREATE: secret('API secret created', 'created'),
  ACCOUNT_SECRET_DELETE: secret('API secret deleted', 'deleted'),
  ACCOUNT_UPDATE_SPAMMER: spammer,
  ACCOUNT_UPDATE_SETTINGS: settings('Account settings changed', ''),
  ACCOUNT_UPDATE_SETTINGS_API: settings('Account settings changed through the API', ' through the API'),
  IP_WHITELIST_CREATE: allowList(
    'IP allow-list entry added',
    (address) => `added ${address} to the IP allow-list`,
  ),
  IP_WHITELIST_DELETE: allowList(
    'IP allow-list entry removed',
    (address) => `took ${address} off the IP allow-list`,
  ),
  AUTORELOAD_ENABLE: autoReload('Automatic reload switched on', 'switched on automatic reload'),
  AUTORELOAD_UPDATE: autoReload('Automatic reload changed', 'changed automatic reload'),
  AUTORELOAD_DISABLE: autoReload('Automatic reload switched off', 'switched off automatic reload'),
} as const satisfies Record<string, Describe>;
