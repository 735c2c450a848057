import { parseSingle } from '../audit/page.ts';
import type { Progress } from '../core/collect-store.ts';
import type { AuditEvent } from '../core/event.ts';
import type { Store } from '../core/store.ts';
import type { EventSource } from './backtest.ts';
import { createBreath } from './breath.ts';
import { mergedKeys } from './merge-events.ts';

const BATCH = 32;

/**
 * The events of the store of a running monitor, for a backtest beside its polls and deliveries: a few at a time, with
 * turns for others between. `goesOn` is asked after each few; a no ends it.
 */
export const createStoreSource = async (
  store: Pick<Store, 'history' | 'browse' | 'collect'>,
  range: { readonly fromMs: number; readonly toMs: number },
  goesOn: () => boolean,
): Promise<EventSource> => {
  const progress = new Map<string, Progress>();
  for (const name of await store.history.accounts()) {
    const known = await store.collect.progress(name);
    if (known) progress.set(name, known);
  }
  const spanMs = range.toMs - range.fromMs;
  return {
    async *batches(signal) {
      const breath = createBreath(Number.POSITIVE_INFINITY);
      const keys = mergedKeys(store.browse, [...progress.keys()], {
        ...range,
        newestFirst: false,
        withMatched: false,
        after: undefined,
      });
      for (let isOver = false; !isOver && !signal.aborted && goesOn(); ) {
        const seqs: number[] = [];
        let reachedMs = range.toMs;
        while (seqs.length < BATCH) {
          const { value, done } = await keys.next();
          isOver = done === true;
          if (!value) break;
          seqs.push(value.seq);
          reachedMs = value.createdAtMs;
        }
        const events = (await store.browse.eventsAt(seqs)).flatMap(({ account, json }): AuditEvent[] => {
          const parsed = parseSingle(account, json);
          return 'value' in parsed ? [parsed.value] : [];
        });
        yield { events, done: (reachedMs - range.fromMs) / spanMs };
        await breath.take();
      }
    },
    accounts: () => [...progress.keys()],
    startMs: (name) => Math.max(progress.get(name)?.startMs ?? range.fromMs, range.fromMs),
    endMs: (name) => Math.min(progress.get(name)?.watermarkMs ?? range.toMs, range.toMs),
    remarks: () => [],
  };
};
