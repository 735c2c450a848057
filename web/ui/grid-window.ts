import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { CursorList } from '../data/cursor-list.ts';

/*
 * A list of any length. Only the rows in sight (and a few around them) are in the document, so a million rows scroll as
 * ten do. Browsers have a highest element, about 17 million pixels: beyond MAX_HEIGHT the scroll bar stands for more
 * rows than it has pixels for, and what is drawn is placed by proportion.
 */

const ROW = 34;
const CARD = 64;
/** The names of the columns, which stay at the top: as in grid.css. */
const HEADER = 30;
const MAX_HEIGHT = 8_000_000;
const OVERSCAN = 8;

/** Which rows of a list are in sight, and how they are placed. */
interface GridWindow {
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly rowHeight: number;
  /** Height of what is scrolled, in pixels. */
  readonly drawn: number;
  /** The rows to draw: those in sight, and a few around them. */
  readonly first: number;
  readonly last: number;
  /** The first one that is wholly in sight. */
  readonly atTop: number;
  /** How many rows a page is. */
  readonly page: number;
  /** Where a row is drawn, in pixels from the top of what is scrolled. */
  topOf(index: number): number;
  /** Scrolls as far as it takes to have a row in sight. */
  show(index: number): void;
  /** To be told whenever the place of the scroll bar changes. */
  onScroll(top: number): void;
}

/** Follows what is in sight of a list, which is asked to read it. */
export const useGridWindow = <T>(list: CursorList<T>, narrow: boolean): GridWindow => {
  const rowHeight = narrow ? CARD : ROW;
  const scroller = useRef<HTMLDivElement>(null);
  const [scrolled, setScrolled] = useState(0);
  const [boxHeight, setBoxHeight] = useState(600);
  useEffect(() => {
    if (scroller.current) scroller.current.scrollTop = 0;
    setScrolled(0);
  }, [list]);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return undefined;
    const observer = new ResizeObserver(() => setBoxHeight(element.clientHeight));
    observer.observe(element);
    setBoxHeight(element.clientHeight);
    return () => observer.disconnect();
  }, []);

  const { size } = list;
  const height = Math.max(rowHeight, boxHeight - (narrow ? 0 : HEADER));
  const whole = size * rowHeight;
  const drawn = Math.min(whole, MAX_HEIGHT);
  // From the place of the scroll bar to the place among the rows, and back; the same thing unless there are very many.
  const scale = drawn > height ? (whole - height) / (drawn - height) : 1;
  const offset = scrolled * scale;
  const first = Math.max(0, Math.floor(offset / rowHeight) - OVERSCAN);
  const last = Math.min(size - 1, Math.ceil((offset + height) / rowHeight) + OVERSCAN);
  useEffect(() => list.look(first, last), [list, first, last]);

  return {
    scroller,
    rowHeight,
    drawn,
    first,
    last,
    atTop: Math.ceil(offset / rowHeight),
    page: Math.max(1, Math.floor(height / rowHeight) - 1),
    topOf: (index) => index * rowHeight - offset + scrolled,
    show(index) {
      const element = scroller.current;
      if (!element) return;
      const top = index * rowHeight;
      if (top < offset) element.scrollTop = top / scale;
      else if (top + rowHeight > offset + height) element.scrollTop = (top + rowHeight - height) / scale;
    },
    onScroll: setScrolled,
  };
};
