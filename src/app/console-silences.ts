import { createSilencing } from '../alerts/silencing.ts';
import type { Settings } from '../config/settings.ts';
import type { Alert } from '../core/alert.ts';
import type { Clock } from '../core/clock.ts';
import type { Silence, SilenceRecord } from '../core/silence.ts';
import type { Store } from '../core/store.ts';
import type { SilenceAnswer } from '../server/alert-shapes.ts';
import type { Console } from '../server/api-console.ts';
import { readAlertRow } from './alert-rows.ts';
import { zoneOf } from './planner.ts';
import { searchAlerts } from './search-alerts.ts';
import { expireSilence, silenceOf } from './silence-acts.ts';

const PREVIEW_MS = 30 * 86_400_000;
const PREVIEW_BOUNDS = { rows: 200_000, workMs: 1_000 };
const MAX_EXAMPLES = 5;

const iso = (ms: number): string => new Date(ms).toISOString();

const listText = (value: string | readonly string[] | undefined): string | null =>
  value === undefined ? null : typeof value === 'string' ? value : value.join(', ');

/** The part of {@link Console} that is about silences. */
export const createConsoleSilences = (options: {
  readonly store: Pick<Store, 'history' | 'browse' | 'silences'>;
  readonly settings: () => Pick<Settings, 'timezone'>;
  readonly now: Clock;
}): Pick<Console, 'silences' | 'addSilence' | 'expireSilence' | 'previewSilence'> => {
  const { store, now } = options;

  const stateOf = (silence: Silence, nowMs: number): SilenceAnswer['state'] => {
    if (silence.expired !== undefined || silence.endsAtMs <= nowMs) return 'ended';
    return createSilencing(zoneOf(options.settings())).inForce(silence, nowMs) ? 'in_force' : 'waiting';
  };
  const answerOf = ({ hidden, untold, ...silence }: SilenceRecord): SilenceAnswer => ({
    id: silence.id,
    match: Object.fromEntries(Object.entries(silence.match).map(([key, values]) => [key, [...values]])),
    author: silence.author,
    reason: silence.reason,
    created_at: iso(silence.createdAtMs),
    starts_at: iso(silence.startsAtMs),
    ends_at: iso(silence.endsAtMs),
    schedule: silence.schedule
      ? {
          days: listText(silence.schedule.days),
          hours: listText(silence.schedule.hours),
          timezone: silence.schedule.timezone ?? null,
        }
      : null,
    state: stateOf(silence, now()),
    expired: silence.expired ? { at: iso(silence.expired.atMs), by: silence.expired.by } : null,
    hidden,
    untold,
  });

  return {
    silences: async (ended) => (await store.silences.list({ nowMs: now(), ended })).map(answerOf),

    async addSilence(wish, by) {
      const silence = silenceOf({ ...wish, author: by }, options.settings(), now());
      await store.silences.add(silence);
      return answerOf({ ...silence, hidden: 0, untold: 0 });
    },

    async expireSilence(id, by) {
      const nowMs = now();
      const before = (await store.silences.list({ nowMs, ended: false })).find((each) => each.id === id);
      if (!before) return undefined;
      await expireSilence(store, id, by, nowMs);
      return answerOf({ ...before, expired: { atMs: nowMs, by } });
    },

    async previewSilence(match, signal) {
      const nowMs = now();
      const silence: Silence = {
        id: '',
        match,
        author: '',
        reason: '',
        createdAtMs: nowMs,
        startsAtMs: nowMs,
        endsAtMs: nowMs + 1,
        schedule: undefined,
        expired: undefined,
      };
      const silencing = createSilencing(zoneOf(options.settings()));
      let count = 0;
      // Only the examples are kept: there may be any number of others.
      const fits = (alert: Alert): boolean => {
        if (silencing.hides(alert, [silence], nowMs) === undefined) return false;
        count += 1;
        return count <= MAX_EXAMPLES;
      };
      const { alerts, searchedUntilMs } = await searchAlerts(
        store.browse,
        { ...EVERYTHING, fromMs: nowMs - PREVIEW_MS },
        signal,
        fits,
        PREVIEW_BOUNDS,
      );
      return {
        alerts: count,
        examples: await Promise.all(alerts.map((each) => readAlertRow(store, each))),
        searched_until: searchedUntilMs === undefined ? null : iso(searchedUntilMs),
      };
    },
  };
};

const EVERYTHING = {
  account: undefined,
  kind: undefined,
  levels: undefined,
  rule: undefined,
  status: undefined,
  toMs: undefined,
  search: undefined,
  newestFirst: true,
  after: undefined,
  limit: Number.POSITIVE_INFINITY,
} as const;
