import { CONDITION_TEXTS } from '../alerts/condition-texts.ts';
import type { Clock } from '../core/clock.ts';
import type { ConditionChange, ConditionName, Conditions, Trouble } from '../core/conditions.ts';
import type { NewAlert } from '../core/decided.ts';
import type { Log } from '../core/log.ts';
import type { Telemetry } from '../core/telemetry.ts';
import { createJoined } from './joined.ts';
import { createMemory } from './memory.ts';

/** What turns a condition into the alert that tells of it. */
export type ConditionAlert = (
  condition: ConditionName,
  subject: string,
  detail: string,
  open: boolean,
  sinceMs: number,
) => NewAlert;

/** What is known of conditions that come and go, by their keys. Epoch ms. */
export interface TroubleMemory {
  readonly endedMs: Map<string, number>;
  readonly raisedMs: Map<string, number>;
  readonly wavering: Set<string>;
}

/** What {@link createTrouble} works with. */
export interface TroubleOptions {
  readonly conditions: Conditions;
  /** Keys open at start, from the store. */
  readonly open: Iterable<string>;
  readonly alert: ConditionAlert;
  readonly now: Clock;
  readonly log: Log;
  readonly telemetry: Telemetry;
  /** Told after a change: alerts wait in the outbox. */
  readonly onChange: () => void;
  /** Of the one whose place it takes; left out: there was none. */
  readonly memory?: TroubleMemory;
}

/** {@link Trouble}, and what it takes to have a condition changed inside somebody else's transaction. */
export interface StoredTrouble extends Trouble {
  /** The change, for a transaction of the caller's. */
  change(open: boolean, condition: ConditionName, subject: string, detail: string): ConditionChange;
  /**
   * Reads what is open from the store: where several processes work on it, others open and close as well. Read once for all who
   * ask at the same time.
   */
  refresh(): Promise<void>;
  /** Keys that such a transaction has changed: they are told, and their alerts wait in the outbox. */
  changed(keys: readonly string[]): void;
}

/**
 * A condition that comes back so soon after its end is a wavering one, and ends again only when it has been quiet for
 * so long: an API that refuses every other request must not page with every poll.
 */
const QUIET_MS = 600_000;

/** Makes {@link Trouble} over the stored conditions, with the open ones in memory: the usual "no change" is free. */
export const createTrouble = (options: TroubleOptions): StoredTrouble => {
  const open = new Set<string>();
  /** How many are open of each: looking through all of them at every change is too much where ten thousand accounts go blind. */
  const counts = new Map<ConditionName, number>();
  const keep = (key: string, isOpen: boolean): void => {
    if (open.has(key) === isOpen) return;
    const [condition] = splitKey(key);
    counts.set(condition, (counts.get(condition) ?? 0) + (isOpen ? 1 : -1));
    if (isOpen) open.add(key);
    else open.delete(key);
  };
  for (const key of options.open) keep(key, true);
  /** Keys that have changed here since somebody began to read what is open: what they read may be older. */
  const touched = new Set<string>();
  const know = (key: string, isOpen: boolean): void => {
    touched.add(key);
    keep(key, isOpen);
  };
  const gauge = (condition: ConditionName): void =>
    options.telemetry.gauge('conditions_open', counts.get(condition) ?? 0, { condition });
  // Also those an earlier process left open: who watches the figure must not take a restart for a recovery.
  for (const condition of Object.keys(CONDITION_TEXTS) as ConditionName[]) gauge(condition);
  /** The state and reason that a change under way asks for. */
  const asked = new Map<string, { readonly open: boolean; readonly detail: string }>();

  const change: StoredTrouble['change'] = (isOpen, condition, subject, detail) => {
    const key = `${condition}:${subject}`;
    asked.set(key, { open: isOpen, detail });
    return {
      key,
      open: isOpen,
      alert: (sinceMs) => options.alert(condition, subject, detail, isOpen, sinceMs),
    };
  };
  const changed = (keys: readonly string[]): void => {
    for (const key of keys) {
      const [condition, subject] = splitKey(key);
      const { open: isOpen, detail } = asked.get(key) ?? { open: true, detail: '' };
      know(key, isOpen);
      gauge(condition);
      const fields = { condition, subject, ...(detail === '' ? {} : { detail }) };
      if (isOpen) options.log.error('condition.opened', fields);
      else options.log.info('condition.closed', fields);
    }
    if (keys.length > 0) options.onChange();
  };
  const { endedMs, raisedMs, wavering } = options.memory ?? createMemory().trouble;
  /** Whether so little time has passed since `ms`; a clock that was set back makes it long ago. */
  const isRecent = (ms: number | undefined): boolean => {
    const elapsedMs = options.now() - (ms ?? Number.NEGATIVE_INFINITY);
    return elapsedMs >= 0 && elapsedMs < QUIET_MS;
  };
  const apply = async (
    isOpen: boolean,
    condition: ConditionName,
    subject: string,
    detail: string,
  ): Promise<void> => {
    const key = `${condition}:${subject}`;
    if (isOpen) raisedMs.set(key, options.now());
    if (open.has(key) === isOpen) return;
    // A configuration is changed by people, who try again until it is right: that it is right now is what counts.
    if (isOpen && condition !== 'config' && isRecent(endedMs.get(key))) wavering.add(key);
    if (!isOpen && wavering.has(key) && isRecent(raisedMs.get(key))) return;
    changed(await options.conditions.change([change(isOpen, condition, subject, detail)]));
    // Also when the store knew already: another process may have changed it.
    know(key, isOpen);
    if (!isOpen) {
      wavering.delete(key);
      endedMs.set(key, options.now());
    }
  };
  return {
    raise: (condition, subject, detail) => apply(true, condition, subject, detail),
    clear: (condition, subject) => apply(false, condition, subject, ''),
    change,
    changed,
    refresh: createJoined(async () => {
      touched.clear();
      const known = await options.conditions.open();
      for (const key of open) if (!known.has(key) && !touched.has(key)) keep(key, false);
      for (const key of known.keys()) if (!touched.has(key)) keep(key, true);
      for (const condition of Object.keys(CONDITION_TEXTS) as ConditionName[]) gauge(condition);
    }),
  };
};

/** Condition and subject of a key. */
export const splitKey = (key: string): [ConditionName, string] => {
  const colon = key.indexOf(':');
  return [key.slice(0, colon) as ConditionName, key.slice(colon + 1)];
};
