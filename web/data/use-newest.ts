import type { CursorList, ListPart } from './cursor-list.ts';
import { useThrottled } from './resource.ts';

/** At most so often, ms. */
const THROTTLE_MS = 400;

/** Whether the list on the page shows its first rows, where news may appear at once. */
export const atTop = (): boolean => (document.querySelector('.grid-scroll')?.scrollTop ?? 0) <= 4;

/**
 * Answers a function that asks for the newest rows again and puts what is new or changed into the list: which rows fit
 * a filter is the monitor's to say. A failure is told by the connection, not by the list.
 */
export const useNewest = <T>(list: CursorList<T>, load: () => Promise<ListPart<T>>): (() => void) =>
  useThrottled(() => {
    const look = async (): Promise<void> => {
      const { items } = await load();
      const top = atTop();
      for (const row of items.toReversed()) list.push(row, top);
    };
    look().catch(() => undefined);
  }, THROTTLE_MS);
