import { useState } from 'preact/hooks';
import { countText } from '../data/time.ts';
import { SearchBox } from './filters.tsx';

/** The few of many that are shown, and how to find the others. */
export interface Few<T> {
  readonly shown: readonly T[];
  /** A field to find others by name; null where all are shown anyway. */
  readonly search: preact.JSX.Element | null;
  /** What is not shown, as a line below; null where all are shown anyway. */
  readonly rest: preact.JSX.Element | null;
}

/**
 * Of some thousand things those that need a look: by `rank` (0 first), in the order they come in. All of them where there are no more
 * than `max`. `what` is what they are, in the plural.
 */
export const useFew = <T,>(
  items: readonly T[],
  options: {
    readonly max: number;
    readonly what: string;
    readonly nameOf: (item: T) => string;
    readonly rank: (item: T) => number;
  },
): Few<T> => {
  const { max, what, nameOf, rank } = options;
  const [wanted, setWanted] = useState('');
  if (items.length <= max) return { shown: items, search: null, rest: null };
  const lower = wanted.toLowerCase();
  const found = wanted === '' ? items : items.filter((item) => nameOf(item).toLowerCase().includes(lower));
  const shown = found.toSorted((a, b) => rank(a) - rank(b)).slice(0, max);
  const more = found.length - shown.length;
  return {
    shown,
    search: (
      <SearchBox label={`Find ${what}`} placeholder={`Find ${what}`} value={wanted} onChange={setWanted} />
    ),
    rest: (
      <p class="few-rest muted" role="status">
        {found.length === 0 && `No ${what} have "${wanted}" in their name.`}
        {more > 0 && `${countText(more)} more ${what}${wanted === '' ? '' : ' with that in their name'}.`}
      </p>
    ),
  };
};
