import { clockText, DAY, dayText } from './time.ts';

/** Round values for an axis from 0 to at least `max`: at most five. */
export const ticksUpTo = (max: number): readonly number[] => {
  if (max <= 0) return [0, 1];
  const rough = max / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough) ?? rough);
  const ticks: number[] = [];
  for (let value = 0; value < max + step; value += step) ticks.push(value);
  return ticks;
};

const STEPS_HOURS = [1, 2, 3, 4, 6, 12, 24, 48, 24 * 7, 24 * 14, 24 * 30];

/** Local times worth a label between two times, at most `most`. */
export const timeTicks = (
  fromMs: number,
  toMs: number,
  most: number,
): readonly { readonly ms: number; readonly text: string }[] => {
  const span = toMs - fromMs;
  const hours = STEPS_HOURS.find((n) => span / (n * 3_600_000) <= most) ?? 24 * 60;
  const start = new Date(fromMs);
  start.setMinutes(0, 0, 0);
  if (hours >= 24) start.setHours(0);
  else start.setHours(Math.ceil(start.getHours() / hours) * hours);
  const ticks: { ms: number; text: string }[] = [];
  while (start.getTime() <= toMs) {
    const ms = start.getTime();
    if (ms >= fromMs) {
      const midnight = start.getHours() === 0 && start.getMinutes() === 0;
      ticks.push({ ms, text: hours >= 24 || midnight ? dayText(ms) : clockText(ms) });
    }
    // By the calendar, so that a day of 23 hours is one day.
    if (hours >= 24) start.setDate(start.getDate() + hours / 24);
    else start.setHours(start.getHours() + hours);
  }
  return ticks;
};

/** How a step of time is named: `14:00–14:30`, `Nov 24`. */
export const stepText = (fromMs: number, stepMs: number): string => {
  if (stepMs >= DAY) return dayText(fromMs);
  const today = new Date(fromMs).toDateString() === new Date().toDateString();
  return `${today ? '' : `${dayText(fromMs)} `}${clockText(fromMs)}–${clockText(fromMs + stepMs)}`;
};
