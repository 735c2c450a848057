import { driftAlert } from '../alerts/drift-alert.ts';
import type { AuditClient } from '../audit/client.ts';
import { errorText } from '../base/errors.ts';
import { sleep } from '../base/sleep.ts';
import type { Turns } from '../base/turns.ts';
import type { Clock } from '../core/clock.ts';
import type { DecidedAlert } from '../core/decided.ts';
import type { DriftStore } from '../core/drift.ts';
import { type Lease, LeaseLostError } from '../core/lease.ts';
import type { Log } from '../core/log.ts';
import type { DriftMemory } from './drift-memory.ts';

const EVERY_MS = 86_400_000;

/** What {@link readEventTypes} works with. */
export interface EventTypesOptions {
  readonly account: string;
  readonly client: Pick<AuditClient, 'eventTypes'>;
  readonly drift: DriftMemory;
  readonly store: Pick<DriftStore, 'change'>;
  readonly lease: Lease;
  /** Keeps it apart from the commits that use the same memory. */
  readonly inTurn: Turns;
  readonly onAlerts: (alerts: readonly DecidedAlert[]) => void;
  /** When it was last read, by whoever did this before. */
  readonly memory: { typesReadMs?: number };
  /** How long the first reading waits, behind the first passes of many accounts. */
  readonly laterMs: number;
  /** Told the list of every reading. */
  readonly onListed: (types: readonly string[]) => void;
  readonly now: Clock;
  readonly log: Log;
}

/**
 * Reads the API's own list of event types at start and daily, and tells what has changed in it. The list changes over
 * time and is the only definitive one; failing to read it is no trouble (the poll notices a blind account by itself).
 */
export const readEventTypes = async (options: EventTypesOptions, signal: AbortSignal): Promise<void> => {
  const { account, log, memory } = options;
  if (memory.typesReadMs !== undefined)
    await sleep(Math.min(Math.max(memory.typesReadMs + EVERY_MS - options.now(), 0), EVERY_MS), signal);
  else if (options.laterMs > 0) await sleep(options.laterMs, signal);
  for (; !signal.aborted; await sleep(EVERY_MS, signal)) {
    memory.typesReadMs = options.now();
    try {
      const types = await options.client.eventTypes(signal);
      log.info('api.types', { account, count: types?.length ?? 0, types: types?.map(({ type }) => type) });
      options.onListed(types?.map(({ type }) => type) ?? []);
      await noteListed(options, types?.map(({ type }) => type) ?? []);
    } catch (error) {
      if (error instanceof LeaseLostError) throw error;
      if (!signal.aborted) log.warn('api.types', { account, reason: errorText(error) });
    }
  }
};

/** Keeps what is listed now, and tells what has changed. */
const noteListed = (
  { account, drift, store, lease, inTurn, onAlerts, now }: EventTypesOptions,
  types: readonly string[],
): Promise<void> =>
  inTurn(async () => {
    const nowMs = now();
    const changes = (await drift.load()).ofListed(types, nowMs);
    if (changes.length === 0) return;
    const alert = driftAlert(account, changes, nowMs);
    try {
      onAlerts(await store.change(lease, account, changes, alert ? [{ alert }] : [], nowMs));
    } catch (error) {
      drift.forget();
      throw error;
    }
  });
