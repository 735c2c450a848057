import { ruleOf } from '../support/installation.ts';
import type { ReplicaRun } from './replica-run.ts';

/** One of the configurations that replicas are moved between. All differ, by number. */
export interface Variant {
  readonly number: number;
  /** Whether accounts that come and go are there. */
  readonly guests: boolean;
  /** Whether one more sink is there. */
  readonly extraSink: boolean;
  /** Whether one more rule is there. */
  readonly extraRule: boolean;
}

/** The configuration with a number: draws by itself what it has. */
export const variantOf = (number: number, random: () => number): Variant => ({
  number,
  guests: random() < 0.6,
  extraSink: random() < 0.5,
  extraRule: random() < 0.5,
});

/** With everything, so that all that was left lying is worked off. */
export const wholeVariant = (number: number): Variant => ({
  number,
  guests: true,
  extraSink: true,
  extraRule: true,
});

/** What every variant of a fleet shares. */
export interface VariantBase {
  readonly accounts: readonly string[];
  readonly guests: readonly string[];
  readonly receivers: readonly { readonly url: string }[];
  readonly interval: string;
  readonly lease: string;
  readonly databaseUrl: string;
  /** A sink that gets all findings in groups. */
  readonly digest: { readonly url: string; readonly wait: string; readonly interval: string } | undefined;
  /** One more file of rules. */
  readonly rules: string | undefined;
  readonly sections: object;
}

/** Writes a configuration to the folder of a replica; `databaseUrl` is its own way there. */
export const configure = (
  { installation, link }: Pick<ReplicaRun, 'installation' | 'link'>,
  base: VariantBase,
  variant: Variant,
): void => {
  const url = new URL(base.databaseUrl);
  url.port = String(link.port);
  const accounts = [...base.accounts, ...(variant.guests ? base.guests : [])];
  const { digest } = base;
  const hooks = base.receivers
    .map((receiver, at) => ({ name: at === base.receivers.length - 1 ? 'extra' : `hook${at}`, receiver }))
    .filter(({ name }) => name !== 'extra' || variant.extraSink);
  installation.rule('app.yml', ruleOf('App', 'high', ['APP_CREATE', 'APP_UPDATE']));
  installation.rule('login.yml', ruleOf('Login', 'low', [variant.extraRule ? 'USER_LOGIN' : 'USER_LOGOUT']));
  if (base.rules !== undefined) installation.rule('more.yml', base.rules);
  installation.configure({
    accounts: accounts.map((key) => ({ name: key, api_key: key, api_secret: 's' })),
    poll: { interval: base.interval, settle: '0s', overlap: '10m', start: '1h' },
    reconcile: { windows: 'off' },
    reload: { watch: false },
    store: { url: url.href, lease: base.lease },
    sinks: Object.fromEntries(
      [...hooks, ...(digest ? [{ name: 'digest', receiver: digest }] : [])].map(({ name, receiver }) => [
        name,
        { type: 'webhook', url: `${receiver.url}/${variant.number}` },
      ]),
    ),
    routes: [
      ...(digest
        ? [
            {
              match: { kind: 'rule' },
              to: ['digest'],
              group: { by: ['rule'], wait: digest.wait, interval: digest.interval },
              continue: true,
            },
          ]
        : []),
      { to: hooks.map(({ name }) => name) },
    ],
    ...base.sections,
  });
};
