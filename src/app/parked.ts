import { UsageError } from '../base/errors.ts';
import { didYouMean } from '../base/similar.ts';
import type { Settings } from '../config/settings.ts';
import type { Alert } from '../core/alert.ts';
import type { Clock } from '../core/clock.ts';
import type { DeliveryRecord, History } from '../core/history.ts';
import type { Store } from '../core/store.ts';
import { openHistory } from '../store/open-history.ts';
import { openStore } from '../store/open-store.ts';

/** A parked delivery with what a person needs to decide about it. */
export interface ParkedDelivery {
  readonly delivery: DeliveryRecord;
  readonly alert: Alert | undefined;
  /** Why the last attempt failed. */
  readonly reason: string;
}

const PAGE = 200;

/** Opens what a monitor has stored, for reading and for the time of `use`. Throws a StoreError when there is nothing. */
export const withHistory = async <T>(
  settings: Settings,
  use: (history: History) => Promise<T>,
): Promise<T> => {
  const stored = openHistory(settings.store.path);
  try {
    return await use(stored.history);
  } finally {
    stored.close();
  }
};

/** Opens the store of a configuration beside a running monitor, for the time of `use`. There must be one. */
export const withStore = async <T>(
  settings: Settings,
  now: Clock,
  use: (store: Store) => Promise<T>,
): Promise<T> => {
  // Opening would make an empty one, in which nothing is parked: no answer to somebody who stands in the wrong folder.
  openHistory(settings.store.path).close();
  const store = openStore({ path: settings.store.path, now });
  try {
    return await use(store);
  } finally {
    await store.close();
  }
};

/** All parked deliveries (of one sink, when named), oldest first, a page at a time. */
export async function* parkedDeliveries(
  history: History,
  sink: string | undefined,
): AsyncGenerator<ParkedDelivery> {
  let after: string | undefined;
  do {
    const page = await history.deliveries({ state: 'parked', sink, limit: PAGE, after });
    for (const delivery of page.items) {
      const alerts = await history.alerts({ id: delivery.alertId });
      const attempts = await history.attempts(delivery.id);
      yield { delivery, alert: alerts.items[0], reason: attempts.at(-1)?.detail ?? '' };
    }
    after = page.next;
  } while (after !== undefined);
}

/** Rejects a name that no sink has, for which "nothing is parked" would be true and misleading. */
export const refuseUnknownSink = (settings: Settings, name: string | undefined): void => {
  const names = settings.sinks.map((sink) => sink.name);
  if (name === undefined || names.includes(name)) return;
  throw new UsageError(
    `no sink is called "${name}"; there are ${names.join(', ')}${didYouMean(name, names)}`,
  );
};

/**
 * Makes parked deliveries due again: of the ids, or of one sink. A running monitor notices within seconds, otherwise the
 * next one sends them. Resolves with their number; rejects with a UsageError when nothing was named or nothing is parked.
 */
export const retryParked = async (
  store: Store,
  which: { readonly ids: readonly string[]; readonly sink: string | undefined },
): Promise<number> => {
  if ((which.ids.length === 0) === (which.sink === undefined)) {
    throw new UsageError('name the deliveries to retry by id, or all of a sink with --sink; not both');
  }
  const count = await store.outbox.retry(
    which.sink === undefined ? { ids: which.ids } : { sink: which.sink },
  );
  if (count === 0) {
    throw new UsageError(
      which.sink === undefined
        ? 'none of these deliveries is parked'
        : `nothing is parked for sink "${which.sink}"`,
    );
  }
  return count;
};
