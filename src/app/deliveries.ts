import { userInfo } from 'node:os';
import { UsageError } from '../base/errors.ts';
import { didYouMean } from '../base/similar.ts';
import type { Settings } from '../config/settings.ts';
import type { Alert } from '../core/alert.ts';
import type { Clock } from '../core/clock.ts';
import type { DeliveryState } from '../core/delivery.ts';
import type { DeliveryQuery, DeliveryRecord, History } from '../core/history.ts';
import type { DeliverySelection } from '../core/outbox.ts';
import { everyItem } from '../core/paging.ts';
import type { Store } from '../core/store.ts';
import { placeText, type StorePlace } from '../core/store-place.ts';
import { isStoreAt, openHistoryAt, openStoreAt } from '../store/open.ts';
import { plannerFor } from './planner.ts';

/** A delivery with what a person needs to decide about it. */
export interface ListedDelivery {
  readonly delivery: DeliveryRecord;
  /** Undefined when it is no longer kept. */
  readonly alert: Alert | undefined;
  /** What the last attempt came to; undefined: there was none. */
  readonly last: string | undefined;
}

/** Opening would make an empty store, in which nothing is parked: no answer to somebody in the wrong folder. */
export const refuseMissing = (place: StorePlace): void => {
  if (!isStoreAt(place))
    throw new UsageError(
      `there is no store at ${placeText(place)} (a relative path begins at the working directory); "run" makes it at its first start`,
    );
};

/** Opens what a monitor has stored, for reading and for the time of `use`. Throws a StoreError when there is nothing. */
export const withHistory = async <T>(
  settings: Settings,
  use: (history: History) => Promise<T>,
): Promise<T> => {
  refuseMissing(settings.store.place);
  const stored = await openHistoryAt(settings.store.place);
  try {
    return await use(stored.history);
  } finally {
    await stored.close();
  }
};

/** Opens the store of a configuration beside a running monitor, for the time of `use`. There must be one. */
export const withStore = async <T>(
  settings: Settings,
  now: Clock,
  use: (store: Store) => Promise<T>,
): Promise<T> => {
  refuseMissing(settings.store.place);
  // A damaged one, or one of a newer version, is told before anything is written.
  await (await openHistoryAt(settings.store.place)).close();
  const store = await openStoreAt(settings.store.place, { now, planner: plannerFor(settings) });
  try {
    return await use(store);
  } finally {
    await store.close();
  }
};

/** Who acts on the command line: the login name of this process's user. */
export const loginName = (): string => {
  try {
    return userInfo().username;
  } catch {
    // A container may run a user id without a name.
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
};

/** Deliveries by a query, a page at a time, each with its alert. */
export async function* listedDeliveries(
  history: History,
  query: DeliveryQuery,
): AsyncGenerator<ListedDelivery> {
  for await (const delivery of everyItem((page) => history.deliveries(page), query)) {
    const [alert] = (await history.alerts({ id: delivery.alertId, limit: 1 })).items;
    const attempts = await history.attempts(delivery.id);
    yield { delivery, alert, last: attempts.at(-1)?.detail };
  }
}

/** Rejects a name that no sink has, for which "nothing is parked" would be true and misleading. */
export const refuseUnknownSink = (settings: Settings, name: string | undefined): void => {
  const names = settings.sinks.map((sink) => sink.name);
  if (name === undefined || names.includes(name)) return;
  throw new UsageError(
    `no sink is called "${name}"; there are ${names.join(', ')}${didYouMean(name, names)}`,
  );
};

/** Which deliveries a person means, and whether really all of them are meant. */
export interface Chosen extends DeliverySelection {
  readonly ids: readonly string[];
  readonly all?: boolean | undefined;
}

/** Rejects with a UsageError when nothing restricts what an act is about, and `all` was not said either. */
const refuseBoundless = ({ ids, sink, ruleId, fromMs, toMs, all }: Chosen): void => {
  const restricted = ids.length > 0 || [sink, ruleId, fromMs, toMs].some((value) => value !== undefined);
  if (!restricted && !all)
    throw new UsageError('say which: ids, --sink, --rule, --from or --to; or --all for every one of them');
  if (ids.length > 0 && all) throw new UsageError('name deliveries by id, or take --all; not both');
};

const selectionOf = ({ ids, sink, ruleId, fromMs, toMs }: Chosen): DeliverySelection => ({
  ids: ids.length === 0 ? undefined : ids,
  sink,
  ruleId,
  fromMs,
  toMs,
});

/**
 * Makes parked deliveries due again. A running monitor notices within seconds, otherwise the next one sends them.
 * Resolves with their number; rejects with a UsageError when nothing was named or nothing of it is parked.
 */
export const retryParked = async (
  store: Store,
  which: Chosen,
  act: { readonly by: string; readonly detail: string },
): Promise<number> => {
  refuseBoundless(which);
  const count = await store.outbox.retry(selectionOf(which), act);
  if (count === 0) throw new UsageError('nothing of this is parked');
  return count;
};

/** Gives deliveries up that are parked or (with `states`) waiting. Resolves and rejects like {@link retryParked}. */
export const dropDeliveries = async (
  store: Store,
  which: Chosen,
  states: readonly Extract<DeliveryState, 'pending' | 'parked'>[],
  act: { readonly by: string; readonly detail: string },
): Promise<number> => {
  refuseBoundless(which);
  const count = await store.outbox.drop({ ...selectionOf(which), states }, act);
  if (count === 0) throw new UsageError(`nothing of this is ${states.join(' or ')}`);
  return count;
};
