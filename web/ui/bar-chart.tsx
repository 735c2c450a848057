import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { stepText, ticksUpTo, timeTicks } from '../data/axis.ts';
import { countText } from '../data/time.ts';

/** One colour of the bars. `tone` is the name of a class in charts.css. */
export interface Series {
  readonly name: string;
  readonly tone: string;
  readonly counts: readonly number[];
}

interface Props {
  readonly label: string;
  readonly fromMs: number;
  readonly stepMs: number;
  /** From the bottom up. */
  readonly series: readonly Series[];
  readonly height?: number;
  readonly unit: string;
  /** Called with the step that was clicked, or chosen with Enter. */
  readonly onPick?: (fromMs: number, toMs: number) => void;
}

const MAX_BAR = 48;
const LEFT = 34;
const BOTTOM = 18;
const TOP = 6;

/**
 * Counts in steps of time as stacked bars. SVG instead of a canvas: colours follow the theme by style sheet, and arrow
 * keys walk from bar to bar and read it aloud.
 */
export const BarChart = ({ label, fromMs, stepMs, series, height = 150, unit, onPick }: Props) => {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(600);
  const [at, setAt] = useState<number | undefined>(undefined);
  // Measured before it is first painted: the observer tells only some time after that.
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const measure = (): void => setWidth(Math.max(120, Math.floor(element.getBoundingClientRect().width)));
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);
  const steps = Math.max(1, ...series.map(({ counts }) => counts.length));
  const totals = useMemo(
    () =>
      Array.from({ length: steps }, (_, i) => series.reduce((sum, { counts }) => sum + (counts[i] ?? 0), 0)),
    [series, steps],
  );
  const ticks = ticksUpTo(Math.max(...totals));
  const top = ticks.at(-1) ?? 1;
  const inner = height - BOTTOM - TOP;
  const y = (value: number): number => TOP + inner - (value / top) * inner;
  const slot = (width - LEFT) / steps;
  const bar = Math.min(MAX_BAR, Math.max(1, slot - (slot > 6 ? 2 : slot > 3 ? 1 : 0)));
  const toMs = fromMs + steps * stepMs;
  const labels = timeTicks(fromMs, toMs, Math.max(2, Math.floor(width / 90)));
  const total = totals.reduce((sum, value) => sum + value, 0);
  const told = (i: number): string =>
    `${stepText(fromMs + i * stepMs, stepMs)}: ${countText(totals[i] ?? 0)} ${unit}${
      series.length > 1
        ? series
            .filter(({ counts }) => (counts[i] ?? 0) > 0)
            .map(({ name, counts }) => `, ${name} ${counts[i] ?? 0}`)
            .join('')
        : ''
    }`;
  const move = (to: number): void => setAt(Math.min(steps - 1, Math.max(0, to)));
  const pick = (i: number | undefined): void => {
    if (i !== undefined) onPick?.(fromMs + i * stepMs, fromMs + (i + 1) * stepMs);
  };
  return (
    <div
      ref={box}
      class={`chart${onPick ? ' pickable' : ''}`}
      role="group"
      aria-roledescription="bar chart"
      aria-label={`${label}: ${countText(total)} ${unit} in all. Arrow keys read it bar by bar${onPick ? ', Enter shows what is behind one' : ''}.`}
      tabIndex={0}
      onKeyDown={(press) => {
        if (press.key === 'ArrowRight') move((at ?? -1) + 1);
        else if (press.key === 'ArrowLeft') move((at ?? steps) - 1);
        else if (press.key === 'Enter') pick(at);
        else if (press.key === 'Escape') setAt(undefined);
        else return;
        press.preventDefault();
        press.stopPropagation();
      }}
      onBlur={() => setAt(undefined)}
      onPointerLeave={() => setAt(undefined)}
      onPointerMove={(move_) => {
        const x = move_.clientX - (box.current?.getBoundingClientRect().left ?? 0) - LEFT;
        setAt(x < 0 ? undefined : Math.min(steps - 1, Math.floor(x / slot)));
      }}
      onClick={() => pick(at)}
    >
      <svg width={width} height={height} aria-hidden="true" focusable="false">
        {ticks.map((value) => (
          <g key={value}>
            <line class="grid" x1={LEFT} x2={width} y1={y(value) + 0.5} y2={y(value) + 0.5} />
            <text class="tick" x={LEFT - 6} y={y(value) + 3.5} text-anchor="end">
              {value >= 10_000 ? `${value / 1_000}k` : value}
            </text>
          </g>
        ))}
        {at !== undefined && <rect class="hover" x={LEFT + at * slot} y={TOP} width={slot} height={inner} />}
        {totals.map((whole, i) => {
          if (whole === 0) return null;
          let below = 0;
          return series.map(({ name, tone, counts }) => {
            const count = counts[i] ?? 0;
            if (count === 0) return null;
            const from = below;
            below += count;
            return (
              <rect
                key={name}
                class={`bar ${tone}`}
                x={LEFT + i * slot + (slot - bar) / 2}
                width={bar}
                y={y(below)}
                height={Math.max(1, y(from) - y(below))}
              />
            );
          });
        })}
        {labels.map(({ ms, text }) => {
          const x = LEFT + ((ms - fromMs) / stepMs) * slot;
          return (
            <text
              key={ms}
              class="tick"
              x={x}
              y={height - 4}
              text-anchor={x > width - 30 ? 'end' : x < LEFT + 16 ? 'start' : 'middle'}
            >
              {text}
            </text>
          );
        })}
      </svg>
      {at !== undefined && (
        <div
          class={`chart-tip${at > steps / 2 ? ' to-left' : ''}`}
          style={{ left: `${LEFT + (at + 0.5) * slot}px` }}
        >
          <strong>{stepText(fromMs + at * stepMs, stepMs)}</strong>
          {series.map(({ name, tone, counts }) =>
            (counts[at] ?? 0) > 0 ? (
              <span key={name} class="chart-tip-row">
                <i class={`swatch ${tone}`} />
                <span>{name}</span>
                <b class="num">{countText(counts[at] ?? 0)}</b>
              </span>
            ) : null,
          )}
          {totals[at] === 0 && <span class="muted">no {unit}</span>}
        </div>
      )}
      <span class="sr" aria-live="polite">
        {at === undefined ? '' : told(at)}
      </span>
    </div>
  );
};

/** What the colours mean. Names are given by us or shown as text by the caller's series. */
export const Legend = ({ series }: { readonly series: readonly Series[] }) => (
  <ul class="legend">
    {series.map(({ name, tone, counts }) => (
      <li key={name}>
        <i class={`swatch ${tone}`} />
        <span>{name}</span> <b class="num">{countText(counts.reduce((sum, count) => sum + count, 0))}</b>
      </li>
    ))}
  </ul>
);
