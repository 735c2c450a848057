import type { ComponentChildren } from 'preact';
import { useEffect, useId, useState } from 'preact/hooks';
import type { CursorList } from '../data/cursor-list.ts';
import { type Shortcut, useShortcuts } from '../data/keys.ts';
import { indexOfKey, indexOfPlace, type Place } from '../data/row-place.ts';
import { countText } from '../data/time.ts';
import { useGridWindow } from './grid-window.ts';
import { Icon } from './icon.tsx';
import { Failed, Skeleton } from './states.tsx';
import { Time, useNarrow } from './time.tsx';

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

/** A list of any length, as a table; on a phone as cards. */
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
  const [, redraw] = useState(0);
  const [active, setActive] = useState<Place | undefined>(undefined);
  useEffect(() => {
    redraw((n) => n + 1);
    return list.follow(() => redraw((n) => n + 1));
  }, [list]);
  useEffect(() => setActive(undefined), [list]);
  const { scroller, rowHeight, drawn, first, last, atTop, page, topOf, show, onScroll } = useGridWindow(
    list,
    narrow,
  );
  const { size, ahead } = list;

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
    go(from < 0 ? atTop : from + by);
  };
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
          transform: `translateY(${topOf(index)}px)`,
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
          onScroll(event.currentTarget.scrollTop);
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
