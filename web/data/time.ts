/* Times as people read them: in the zone of the browser; UTC is told beside it, on hover. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const shortClock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});
const monthDay = new Intl.DateTimeFormat('en', { month: 'short', day: 'numeric' });
const yearDay = new Intl.DateTimeFormat('en', { year: 'numeric', month: 'short', day: 'numeric' });

const sameDay = (a: Date, b: Date): boolean => a.toDateString() === b.toDateString();

export const clockText = (ms: number): string => shortClock.format(ms);
export const dayText = (ms: number): string =>
  new Date(ms).getFullYear() === new Date().getFullYear() ? monthDay.format(ms) : yearDay.format(ms);

/** Local date and time, as short as it is unambiguous at `nowMs`. */
export const timeText = (ms: number, nowMs: number): string =>
  sameDay(new Date(ms), new Date(nowMs)) ? clock.format(ms) : `${dayText(ms)} ${clock.format(ms)}`;

/** As ISO without the parts nobody reads: `2026-11-25 02:05:46 UTC`. */
export const utcText = (iso: string): string => `${iso.slice(0, 19).replace('T', ' ')} UTC`;

/** A length of time in its two largest units: `3 d 4 h`, `12 s`. */
export const durationText = (ms: number): string => {
  const units: readonly (readonly [number, string])[] = [
    [DAY, 'd'],
    [HOUR, 'h'],
    [MINUTE, 'min'],
    [1_000, 's'],
  ];
  const at = units.findIndex(([unit]) => ms >= unit);
  if (at === -1) return `${Math.max(0, Math.round(ms))} ms`;
  const [unit, name] = units[at] as readonly [number, string];
  const whole = Math.floor(ms / unit);
  const next = units[at + 1];
  const rest = next ? Math.floor((ms - whole * unit) / next[0]) : 0;
  // Minutes and more beside seconds are noise.
  return next && rest > 0 && whole < 10 ? `${whole} ${name} ${rest} ${next[1]}` : `${whole} ${name}`;
};

/** `3 min ago`, `in 2 h`, `now`. */
export const agoText = (ms: number, nowMs: number): string => {
  const past = nowMs - ms;
  if (Math.abs(past) < 2_000) return 'now';
  const short = durationText(Math.abs(past)).split(' ').slice(0, 2).join(' ');
  return past > 0 ? `${short} ago` : `in ${short}`;
};

/** Bytes with a unit. */
export const bytesText = (bytes: number): string => {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let at = 0;
  while (value >= 1_000 && at < units.length - 1) {
    value /= 1_000;
    at += 1;
  }
  return `${value >= 100 || at === 0 ? Math.round(value) : value.toFixed(1)} ${units[at] ?? ''}`;
};

export const countText = (count: number): string => count.toLocaleString('en');
/** `1 event`, `2 events`. */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${countText(count)} ${count === 1 ? one : many}`;

/** The value of an `<input type="datetime-local">` for a time, and back. */
export const toLocalInput = (ms: number): string => {
  const date = new Date(ms - new Date(ms).getTimezoneOffset() * MINUTE);
  return date.toISOString().slice(0, 16);
};
export const fromLocalInput = (text: string): string | undefined => {
  const ms = text === '' ? Number.NaN : new Date(text).getTime();
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
};
