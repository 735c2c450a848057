import type { ComponentChildren } from 'preact';
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { CursorList } from '../data/cursor-list.ts';
import { type Shortcut, useShortcuts } from '../data/keys.ts';
import { indexOfKey, indexOfPlace, type Place } from '../data/row-place.ts';
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
/** The names of the columns, which stay at the top: as in grid.css. */
const HEADER = 30;
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
  const [boxHeight, setBoxHeight] = useState(600);
  const [active, setActive] = useState<Place | undefined>(undefined);

  useEffect(() => {
    redraw((n) => n + 1);
    return list.follow(() => redraw((n) => n + 1));
  }, [list]);
  useEffect(() => {
    setActive(undefined);
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

  const { size, ahead } = list;
  const height = Math.max(rowHeight, boxHeight - (narrow ? 0 : HEADER));
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
    const next = Math.min(list.size - 1, Math.max(0, to));
    if (next < 0) return;
    const row = list.at(next);
    setActive({ fromRead: next - list.ahead, key: row === undefined ? undefined : keyOf(row) });
    show(next);
    // With a detail open, walking through the list walks through the details.
    if (selected !== undefined && row !== undefined) onOpen(row);
  };
  const open = (): void => {
    const at = activeIndex();
    const row = at < 0 ? undefined : list.at(at);
    if (row !== undefined) onOpen(row);
  };
  // Asked of the list when a key is pressed: rows may have come since this was drawn.
  const activeIndex = (): number => indexOfPlace(list, keyOf, active, first, last);
  const move = (by: number): void => {
    const from = active ? activeIndex() : indexOfKey(list, keyOf, selected, first, last);
    // Without a row to go on from it begins at the first one in sight.
    go(from < 0 ? Math.ceil(offset / rowHeight) : from + by);
  };
  const page = Math.max(1, Math.floor(height / rowHeight) - 1);
  useShortcuts('List', [
    { keys: 'j', label: 'Next row', run: () => move(1) },
    { keys: 'k', label: 'Row before', run: () => move(-1) },
    { keys: 'Enter', label: 'Open the row', run: open },
    ...shortcuts,
  ]);
  const moves: Readonly<Record<string, () => void>> = {
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    PageDown: () => move(page),
    PageUp: () => move(-page),
    Home: () => go(0),
    End: () => go(list.size - 1),
    Enter: open,
  };

  const activeAt = activeIndex();
  const rows: ComponentChildren[] = [];
  for (let index = first; index <= last; index += 1) {
    const row = list.at(index);
    const key = row === undefined ? undefined : keyOf(row);
    const marks = `${index === activeAt ? ' active' : ''}${key !== undefined && key === selected ? ' selected' : ''}`;
    rows.push(
      <div
        key={key ?? `row ${index}`}
        id={`${id}-${index - ahead}`}
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
          setActive({ fromRead: index - ahead, key });
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
        aria-activedescendant={
          activeAt >= first && activeAt <= last ? `${id}-${activeAt - ahead}` : undefined
        }
        tabIndex={0}
        onScroll={(event) => {
          setScrolled(event.currentTarget.scrollTop);
          if (event.currentTarget.scrollTop <= 0 && list.waiting > 0) list.showWaiting();
        }}
        onKeyDown={(press) => {
          const step = press.metaKey || press.ctrlKey || press.altKey ? undefined : moves[press.key];
          if (!step) return;
          press.preventDefault();
          press.stopPropagation();
          step();
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
