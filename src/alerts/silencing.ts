import type { Alert } from '../core/alert.ts';
import { compileMatch, type TextsOf } from '../core/matcher.ts';
import type { Silence } from '../core/silence.ts';
import { createTimeWindow, type TimeWindow } from '../core/time-window.ts';
import type { TimeZone } from '../core/time-zone.ts';
import { alertTexts } from './alert-texts.ts';

/** Questions about silences. */
export interface Silencing {
  /** The silence that hides an alert at this moment; undefined: none. */
  hides(alert: Alert, silences: readonly Silence[], nowMs: number): Silence | undefined;
  /** Whether a silence is in force: begun, not ended, not expired, and inside its schedule. */
  inForce(silence: Silence, nowMs: number): boolean;
}

/** More compiled silences than anybody has at once; then all are compiled anew. */
const MAX_KEPT = 1_000;

/** Keeps what was compiled: the same few silences are asked about every alert. */
const remembering = <T>(make: (text: string) => T): ((text: string) => T) => {
  const made = new Map<string, T>();
  return (text) => {
    const known = made.get(text);
    if (known !== undefined) return known;
    if (made.size >= MAX_KEPT) made.clear();
    const value = make(text);
    made.set(text, value);
    return value;
  };
};

/**
 * An alert of the monitor about itself is hidden only by a silence that names it by `kind` or `rule`: who silences an
 * account for a maintenance does not mean "and do not tell me that you are blind".
 */
const concerns = ({ kind }: Alert, { match }: Silence): boolean => {
  switch (kind) {
    case 'rule':
      return true;
    case 'system':
      return Object.hasOwn(match, 'kind') || Object.hasOwn(match, 'rule');
    case 'drill':
    case 'summary':
      break;
  }
  return false;
};

/** Makes {@link Silencing}. `zone` is that of schedules which name none. */
export const createSilencing = (zone: TimeZone): Silencing => {
  const matchOf = remembering<(textsOf: TextsOf) => boolean>((text) =>
    compileMatch(JSON.parse(text) as Silence['match']),
  );
  const windowOf = remembering<TimeWindow>((text) => {
    const window = createTimeWindow(JSON.parse(text) as NonNullable<Silence['schedule']>, zone);
    // It was checked when the silence was made. One that cannot be read any more hides nothing.
    return typeof window === 'string' ? () => false : window;
  });
  const inForce: Silencing['inForce'] = ({ startsAtMs, endsAtMs, schedule, expired }, nowMs) =>
    expired === undefined &&
    nowMs >= startsAtMs &&
    nowMs < endsAtMs &&
    (schedule === undefined || windowOf(JSON.stringify(schedule))(nowMs));
  return {
    inForce,
    hides(alert, silences, nowMs) {
      if (alert.unsilenceable || silences.length === 0) return undefined;
      const textsOf = alertTexts(alert);
      return silences.find(
        (silence) =>
          concerns(alert, silence) &&
          inForce(silence, nowMs) &&
          matchOf(JSON.stringify(silence.match))(textsOf),
      );
    },
  };
};
