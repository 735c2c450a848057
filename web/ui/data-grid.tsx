import type { ComponentChildren } from 'preact';
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { CursorList } from '../data/cursor-list.ts';
import { type Shortcut, useShortcuts } from '../data/keys.ts';
import { countText } from '../data/time.ts';
import { Icon } from './icon.tsx';
import { Failed, Skeleton } from './states.tsx';
import { Time, useNarrow } from './time.tsx';

/*
 * A list of any length. Only the rows in sight (and a few around them) are in the document, so a million rows scroll as
 * ten do. Browsers have a highest element, about 17 million pixels: beyond MAX_HEIGHT the scroll bar stands for more
 * rows than it has pixels for, and what is drawn is placed by proportion.
 */

export interface Column<T> {
  readonly name: string;
  /** As in `grid-template-columns`. */
  readonly width: string;
  readonly cell: (row: T) => ComponentChildren;
  readonly end?: boolean;
}

interface Props<T> {
  readonly list: CursorList<T>;
  readonly label: string;
  readonly columns: readonly Column<T>[];
  /** A row on a phone. */
  readonly card: (row: T) => ComponentChildren;
  readonly keyOf: (row: T) => string;
  readonly selected: string | undefined;
  readonly onOpen: (row: T) => void;
  readonly empty: ComponentChildren;
  /** `new events`: what waits at the top. */
  readonly news: string;
  readonly shortcuts?: readonly Shortcut[];
}

const ROW = 34;
const CARD = 64;
const MAX_HEIGHT = 8_000_000;
const OVERSCAN = 8;

export const DataGrid = <T,>({
  list,
  label,
  columns,
  card,
  keyOf,
  selected,
  onOpen,
  empty,
  news,
  shortcuts = [],
}: Props<T>) => {
  const id = useId();
  const narrow = useNarrow();
  const rowHeight = narrow ? CARD : ROW;
  const scroller = useRef<HTMLDivElement>(null);
  const [, redraw] = useState(0);
  const [scrolled, setScrolled] = useState(0);
  const [height, setHeight] = useState(600);
  const [active, setActive] = useState(-1);

  useEffect(() => {
    redraw((n) => n + 1);
    return list.follow(() => redraw((n) => n + 1));
  }, [list]);
  useEffect(() => {
    setActive(-1);
    if (scroller.current) scroller.current.scrollTop = 0;
    setScrolled(0);
  }, [list]);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return undefined;
    const observer = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.observe(element);
    setHeight(element.clientHeight);
    return () => observer.disconnect();
  }, []);

  const size = list.size;
  const whole = size * rowHeight;
  const drawn = Math.min(whole, MAX_HEIGHT);
  // From the place of the scroll bar to the place among the rows, and back; the same thing unless there are very many.
  const scale = drawn > height ? (whole - height) / (drawn - height) : 1;
  const offset = scrolled * scale;
  const first = Math.max(0, Math.floor(offset / rowHeight) - OVERSCAN);
  const last = Math.min(size - 1, Math.ceil((offset + height) / rowHeight) + OVERSCAN);
  useEffect(() => list.look(first, last), [list, first, last]);

  const show = (index: number): void => {
    const element = scroller.current;
    if (!element) return;
    const top = index * rowHeight;
    if (top < offset) element.scrollTop = top / scale;
    else if (top + rowHeight > offset + height) element.scrollTop = (top + rowHeight - height) / scale;
  };
  const go = (to: number): void => {
    const next = Math.min(size - 1, Math.max(0, to));
    if (next < 0) return;
    setActive(next);
    show(next);
    // With a detail open, walking through the list walks through the details.
    const row = list.at(next);
    if (selected !== undefined && row !== undefined) onOpen(row);
  };
  const open = (): void => {
    const row = active < 0 ? undefined : list.at(active);
    if (row !== undefined) onOpen(row);
  };
  const current = active >= 0 ? active : selectedIndex(list, keyOf, selected, first, last);
  const page = Math.max(1, Math.floor(height / rowHeight) - 1);
  useShortcuts('List', [
    { keys: 'j', label: 'Next row', run: () => go(current + 1) },
    { keys: 'k', label: 'Row before', run: () => go(current - 1) },
    { keys: 'Enter', label: 'Open the row', run: open },
    ...shortcuts,
  ]);
  const moves: Readonly<Record<string, () => void>> = {
    ArrowDown: () => go(current + 1),
    ArrowUp: () => go(current - 1),
    PageDown: () => go(current + page),
    PageUp: () => go(current - page),
    Home: () => go(0),
    End: () => go(size - 1),
    Enter: open,
  };

  const rows: ComponentChildren[] = [];
  for (let index = first; index <= last; index += 1) {
    const row = list.at(index);
    const key = row === undefined ? undefined : keyOf(row);
    const marks = `${index === active ? ' active' : ''}${key !== undefined && key === selected ? ' selected' : ''}`;
    rows.push(
      <div
        key={key ?? `row ${index}`}
        id={`${id}-${index}`}
        role="row"
        aria-rowindex={index + 1}
        aria-selected={key !== undefined && key === selected}
        class={`${narrow ? 'grid-card' : 'grid-row'}${marks}`}
        style={{
          transform: `translateY(${index * rowHeight - offset + scrolled}px)`,
          height: `${rowHeight}px`,
          ...(narrow ? {} : { gridTemplateColumns: columns.map(({ width }) => width).join(' ') }),
        }}
        onClick={() => {
          setActive(index);
          if (row !== undefined) onOpen(row);
        }}
      >
        {row === undefined ? (
          <div role="gridcell" class="grid-cell">
            <span class="skeleton-line w2" />
          </div>
        ) : narrow ? (
          <div role="gridcell" class="grid-cell-card">
            {card(row)}
          </div>
        ) : (
          columns.map(({ name, cell, end }) => (
            <div key={name} role="gridcell" class={`grid-cell${end ? ' end' : ''}`}>
              {cell(row)}
            </div>
          ))
        )}
      </div>,
    );
  }
  return (
    <div class="grid-frame">
      {list.waiting > 0 && (
        <button
          type="button"
          class="news"
          onClick={() => {
            list.showWaiting();
            scroller.current?.scrollTo({ top: 0 });
          }}
        >
          <Icon name="up" size={14} /> {list.waiting} {news}
        </button>
      )}
      <div
        ref={scroller}
        class="grid-scroll"
        role="grid"
        aria-label={label}
        aria-rowcount={list.ended ? size : -1}
        aria-busy={list.loading}
        aria-activedescendant={active >= first && active <= last ? `${id}-${active}` : undefined}
        tabIndex={0}
        onScroll={(event) => {
          setScrolled(event.currentTarget.scrollTop);
          if (event.currentTarget.scrollTop <= 0 && list.waiting > 0) list.showWaiting();
        }}
        onKeyDown={(press) => {
          const move = press.metaKey || press.ctrlKey || press.altKey ? undefined : moves[press.key];
          if (!move) return;
          press.preventDefault();
          press.stopPropagation();
          move();
        }}
      >
        {!narrow && (
          <div
            role="row"
            class="grid-row grid-header"
            style={{ gridTemplateColumns: columns.map(({ width }) => width).join(' ') }}
          >
            {columns.map(({ name, end }) => (
              <div key={name} role="columnheader" class={`grid-cell${end ? ' end' : ''}`}>
                {name}
              </div>
            ))}
          </div>
        )}
        <div class="grid-body" role="rowgroup" style={{ height: `${drawn}px` }}>
          {rows}
        </div>
      </div>
      {size === 0 &&
        !list.error &&
        (list.ended ? (
          empty
        ) : (
          <div class="grid-over">
            <Skeleton lines={8} />
          </div>
        ))}
      {list.error && (
        <div class={size === 0 ? 'grid-over' : 'grid-error'}>
          <Failed error={list.error} retry={() => list.retry()} />
        </div>
      )}
      <p class="grid-foot muted" role="status">
        {size > 0 && (
          <span class="num">
            {list.ended ? `${countText(size)} in all` : `${countText(size)} read so far`}
          </span>
        )}
        {list.searchedUntil !== undefined && !list.ended && (
          <span>
            {' '}
            searched back to <Time at={list.searchedUntil} />
          </span>
        )}
      </p>
    </div>
  );
};

const selectedIndex = <T,>(
  list: CursorList<T>,
  keyOf: (row: T) => string,
  selected: string | undefined,
  first: number,
  last: number,
): number => {
  if (selected === undefined) return -1;
  for (let index = first; index <= last; index += 1) {
    const row = list.at(index);
    if (row !== undefined && keyOf(row) === selected) return index;
  }
  return -1;
};
