import { randomUUID } from 'node:crypto';
import { UsageError } from '../base/errors.ts';
import type { Settings } from '../config/settings.ts';
import type { Matchers } from '../core/matcher.ts';
import type { Silence } from '../core/silence.ts';
import type { Store } from '../core/store.ts';
import { createTimeWindow, type TimeWindowSettings } from '../core/time-window.ts';
import { zoneOf } from './planner.ts';

/** A silence as a person asks for it. */
export interface WantedSilence {
  readonly match: Matchers;
  readonly author: string;
  readonly reason: string;
  readonly startsAtMs: number;
  readonly endsAtMs: number;
  /** Only inside this time of the week. */
  readonly schedule?: TimeWindowSettings | undefined;
}

/** The longest silence: what is to be quiet for longer is a wrong rule or route. */
const MAX_SILENCE_MS = 366 * 86_400_000;

/**
 * The silence that was asked for, with an id of its own. Throws a UsageError that says what is not allowed: one without
 * matchers, author or reason, one that ends before it begins or lasts longer than a year, a schedule that is none.
 */
export const silenceOf = (
  wanted: WantedSilence,
  settings: Pick<Settings, 'timezone'>,
  nowMs: number,
): Silence => {
  const refuse = (text: string): never => {
    throw new UsageError(text);
  };
  if (Object.keys(wanted.match).length === 0)
    refuse('a silence needs at least one matcher, such as --match rule=RULE_ID');
  if (wanted.author.trim() === '') refuse('a silence needs an author');
  if (wanted.reason.trim() === '') refuse('a silence needs a reason: those who find it must know why');
  if (wanted.endsAtMs <= wanted.startsAtMs) refuse('a silence must end after it begins');
  if (wanted.endsAtMs <= nowMs) refuse('a silence must end in the future');
  if (wanted.endsAtMs - Math.max(wanted.startsAtMs, nowMs) > MAX_SILENCE_MS)
    refuse(
      'a silence lasts at most 366 days; what is to be quiet for longer is a matter of rules and routes',
    );
  if (wanted.schedule) {
    const window = createTimeWindow(wanted.schedule, zoneOf(settings));
    if (typeof window === 'string') refuse(`schedule: ${window}`);
  }
  return {
    id: randomUUID(),
    match: wanted.match,
    author: wanted.author.trim(),
    reason: wanted.reason.trim(),
    createdAtMs: nowMs,
    startsAtMs: wanted.startsAtMs,
    endsAtMs: wanted.endsAtMs,
    // The zone in force now: a silence must not move when the configuration changes.
    schedule: wanted.schedule && { timezone: settings.timezone, ...wanted.schedule },
    expired: undefined,
  };
};

/** Ends a silence, by its id or the beginning of it. Rejects with a UsageError when that means none, or several. */
export const expireSilence = async (
  store: Pick<Store, 'silences'>,
  id: string,
  by: string,
  nowMs: number,
): Promise<Silence> => {
  const current = await store.silences.list({ nowMs, ended: false });
  const meant = current.filter(
    (silence) => silence.id === id || (id.length >= 4 && silence.id.startsWith(id)),
  );
  const [silence] = meant;
  const shown = JSON.stringify(id.slice(0, 80));
  if (!silence) throw new UsageError(`no silence ${shown} is in force or to come; "silences list" shows all`);
  if (meant.length > 1)
    throw new UsageError(`${shown} begins the ids of ${meant.length} silences; give more of it`);
  if (!(await store.silences.expire(silence.id, by, nowMs)))
    throw new UsageError(`silence ${shown} has just ended`);
  return silence;
};
