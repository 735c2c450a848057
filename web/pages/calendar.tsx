import { useEffect, useRef } from 'preact/hooks';
import { navigate, withQuery } from '../data/route.ts';
import type { CalendarAnswer } from '../data/shapes.ts';
import { counted, DAY } from '../data/time.ts';

type Day = CalendarAnswer['days'][number];

const STATES = {
  complete: 'complete',
  partly: 'partly read',
  unverified: 'unverified',
  unread: 'not read',
} as const;
type State = keyof typeof STATES;

const stateOf = (day: Day): State =>
  day.unverified_ratio > 0
    ? 'unverified'
    : day.complete_ratio >= 0.9999
      ? 'complete'
      : day.complete_ratio > 0
        ? 'partly'
        : 'unread';

const told = (day: Day): string =>
  `${day.date}: ${STATES[stateOf(day)]}, ${counted(day.events, 'event')}${day.late > 0 ? `, ${day.late} late` : ''}`;

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const timeOf = (day: Day): number => Date.parse(`${day.date}T00:00:00Z`);
/** 0 is Monday. */
const weekday = (ms: number): number => (new Date(ms).getUTCDay() + 6) % 7;

/** Days as squares, a week a column; each has a mark besides its colour. A click shows the events of the day. */
export const Calendar = ({ days, account }: { readonly days: readonly Day[]; readonly account: string }) => {
  const frame = useRef<HTMLDivElement>(null);
  // The latest weeks are what one comes for; on a phone the others are to the left.
  useEffect(() => {
    if (frame.current) frame.current.scrollLeft = frame.current.scrollWidth;
  }, [days]);
  const [first] = days;
  if (!first) return <p class="muted">Nothing has been read yet.</p>;
  const start = timeOf(first) - weekday(timeOf(first)) * DAY;
  const weekOf = (day: Day): number => Math.floor((timeOf(day) - start) / (7 * DAY));
  const weeks = weekOf(days.at(-1) ?? first) + 1;
  const months = days.filter((day) => day.date.endsWith('-01'));
  const open = (day: Day): void =>
    navigate(
      withQuery('/events', new URLSearchParams(), {
        account,
        from: `${day.date}T00:00:00.000Z`,
        to: new Date(timeOf(day) + DAY).toISOString(),
      }),
    );
  return (
    <>
      <div ref={frame} class="calendar-scroll" role="region" tabIndex={0} aria-label="Calendar of days">
        <div class="calendar" style={{ gridTemplateColumns: `2.2rem repeat(${weeks}, 1rem)` }}>
          {months.map((day) => (
            <span
              key={day.date}
              class="calendar-month"
              style={{ gridColumn: weekOf(day) + 2, gridRow: 1 }}
              aria-hidden="true"
            >
              {MONTHS[Number(day.date.slice(5, 7)) - 1]}
            </span>
          ))}
          {['Mon', 'Wed', 'Fri'].map((name, at) => (
            <span
              key={name}
              class="calendar-day"
              style={{ gridColumn: 1, gridRow: at * 2 + 2 }}
              aria-hidden="true"
            >
              {name}
            </span>
          ))}
          {days.map((day) => (
            <button
              key={day.date}
              type="button"
              class={`day ${stateOf(day)}${day.late > 0 ? ' late' : ''}`}
              style={{ gridColumn: weekOf(day) + 2, gridRow: weekday(timeOf(day)) + 2 }}
              title={told(day)}
              aria-label={told(day)}
              tabIndex={stateOf(day) === 'unread' ? -1 : 0}
              onClick={() => open(day)}
            />
          ))}
        </div>
      </div>
      <ul class="legend">
        {(Object.keys(STATES) as State[]).map((state) => (
          <li key={state}>
            <i class={`day ${state}`} aria-hidden="true" /> {STATES[state]}{' '}
            <b class="num">{days.filter((day) => stateOf(day) === state).length}</b>
          </li>
        ))}
        <li>
          <i class="day complete late" aria-hidden="true" /> with late finds{' '}
          <b class="num">{days.filter(({ late }) => late > 0).length}</b>
        </li>
      </ul>
    </>
  );
};
