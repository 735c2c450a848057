import type { Browse, StorePosition } from '../core/browse.ts';
import type { DeliveryRow } from '../server/alert-shapes.ts';
import { deliveryRowOf } from './alert-rows.ts';

/** Tells which deliveries came, changed or ended. */
export interface DeliveryWatch {
  /** Those since the last call; the first call answers none. */
  changes(): Promise<readonly DeliveryRow[]>;
}

/** New ones that are told one by one; a flood is not followed row by row. */
const MAX_FRESH = 200;
/** Deliveries under way whose changes are followed. Of more, which of them are looked at is chance. */
const MAX_FOLLOWED = 500;

/**
 * Makes a {@link DeliveryWatch}: compares what is under way, which an index holds apart, with what was before. What a person
 * had sent again may have come and gone between two looks, so what people did is looked at as well.
 */
export const createDeliveryWatch = (
  browse: Pick<
    Browse,
    'newest' | 'deliveriesSince' | 'deliveriesAt' | 'deliveryPlaces' | 'actsSince' | 'underWay'
  >,
): DeliveryWatch => {
  let last: StorePosition | undefined;
  let followed = new Map<number, string>();
  return {
    async changes() {
      const newest = await browse.newest();
      const since = last ?? newest;
      const fresh =
        newest.delivery > since.delivery ? await browse.deliveriesSince(since.delivery, MAX_FRESH) : [];
      const acts = newest.act > since.act ? await browse.actsSince(since.act, MAX_FRESH) : [];
      const touched = await browse.deliveryPlaces(acts.map(({ subject }) => subject));
      const underWay = new Map(
        (await browse.underWay(MAX_FOLLOWED)).map(({ seq, state }) => [seq, state] as const),
      );
      const changed = new Set([...fresh, ...touched]);
      if (last !== undefined && underWay.size < MAX_FOLLOWED && followed.size < MAX_FOLLOWED) {
        for (const [seq, state] of underWay) if (followed.get(seq) !== state) changed.add(seq);
        for (const seq of followed.keys()) if (!underWay.has(seq)) changed.add(seq);
      }
      last = newest;
      followed = underWay;
      const rows = await browse.deliveriesAt([...changed].sort((a, b) => a - b));
      return rows.map((delivery) => deliveryRowOf(delivery, delivery.lastDetail));
    },
  };
};
