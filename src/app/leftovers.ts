import { systemAlert } from '../alerts/system-alert.ts';
import type { ConditionName } from '../core/conditions.ts';
import type { ShareName } from '../core/replicas.ts';
import type { Monitor } from './parts.ts';
import { splitKey } from './trouble.ts';

/* What earlier lives left in the store for a configuration that has changed since. */

const SHARE_KINDS = ['account', 'sink', 'feed'] as const;

const aboutSink = (condition: ConditionName): boolean =>
  condition === 'parked' || condition === 'circuit' || condition === 'drill';

/**
 * Keys of the conditions that are open. Those about an account or a sink that is no longer in the configuration are
 * closed: nothing would ever end them. Their end is recorded, but told to nobody: nothing has got better. `isKnownElsewhere` says
 * of a share whether another process that works on this store knows it.
 */
export const openConditions = async (
  { store, parts }: Monitor,
  isKnownElsewhere: (share: ShareName) => boolean = () => false,
): Promise<readonly string[]> => {
  const { accounts, sinks, feeds } = parts.settings;
  const isKnown = (key: string): boolean => {
    const [condition, subject] = splitKey(key);
    if (SHARE_KINDS.some((kind) => isKnownElsewhere(`${kind}:${subject}`))) return true;
    // Rules fall silent by themselves, and are then forgotten; of the configuration is told by itself.
    if (condition === 'rule_failing' || condition === 'config' || condition === 'skew') return true;
    if (condition === 'feed') return feeds.some(({ to }) => to.includes(subject));
    const known: readonly { readonly name: string }[] = aboutSink(condition) ? sinks : accounts;
    return known.some(({ name }) => name === subject);
  };
  const open = [...(await store.conditions.open()).keys()];
  const gone = open.filter((key) => !isKnown(key));
  await store.conditions.change(
    gone.map((key) => ({
      key,
      open: false,
      alert: (sinceMs) => {
        const [name, subject] = splitKey(key);
        const alert = systemAlert({ name, subject, detail: '' }, 'resolved', sinceMs, parts.now());
        return { alert, sinks: [] };
      },
    })),
  );
  for (const key of gone) {
    const [condition, subject] = splitKey(key);
    parts.log.info('condition.closed', { condition, subject, detail: 'no longer in the configuration' });
  }
  return open.filter(isKnown);
};

/**
 * An account that was given another name is a new one to us, and begins at `poll.start`: what happened between the last
 * pass under the old name and now would be missed, so where that one ended is said once; `warned` holds of whom.
 */
export const warnOfFormerAccounts = async ({ store, parts }: Monitor, warned: Set<string>): Promise<void> => {
  const present = new Set(parts.settings.accounts.map(({ name }) => name));
  for (const account of await store.history.accounts()) {
    const key = `account ${account}`;
    if (present.has(account)) warned.delete(key);
    if (present.has(account) || warned.has(key)) continue;
    warned.add(key);
    const progress = await store.collect.progress(account);
    const until = progress === undefined ? '' : ` up to ${new Date(progress.watermarkMs).toISOString()}`;
    parts.log.warn('config.warning', {
      account,
      warning: `account "${account}" was read${until} and is no longer in the configuration; if it only has another name now, give it the old one back, or poll.start that time`,
    });
  }
};

/**
 * Alerts that wait for a sink which is off or no longer in the configuration would wait unnoticed: nobody claims them,
 * so nobody fails. Says so once, `warned` holds for whom.
 */
export const warnOfOrphans = async ({ store, wakes, parts }: Monitor, warned: Set<string>): Promise<void> => {
  for (const sink of wakes.keys()) warned.delete(`sink ${sink}`);
  for (const { sink, state, count } of await store.status.deliveryCounts()) {
    if (state !== 'pending' || wakes.has(sink) || warned.has(`sink ${sink}`)) continue;
    warned.add(`sink ${sink}`);
    parts.log.warn('config.warning', {
      sink,
      warning: `${count} ${count === 1 ? 'delivery waits' : 'deliveries wait'} for sink "${sink}", which is off or not in the configuration; sent as soon as there is a sink of that name again`,
    });
  }
};
