import { formatDuration } from '../base/duration.ts';
import type { Settings } from '../config/settings.ts';
import { LEVELS } from '../core/alert.ts';
import { placeText } from '../core/store-place.ts';
import type { CompiledRules } from './load.ts';
import { switchOf } from './sinks.ts';

/** What would run, for people: a few lines without secrets. */
export const summary = (
  file: string,
  ready: { readonly settings: Settings; readonly rules: CompiledRules },
): string => {
  const { settings, rules } = ready;
  const { poll } = settings;
  const levels = [...LEVELS]
    .reverse()
    .map((level) => ({ level, count: rules.rules.filter((rule) => rule.info.level === level).length }))
    .filter(({ count }) => count > 0)
    .map(({ level, count }) => `${count} ${level}`);
  const on = settings.sinks.filter((sink) => !sink.off).map((sink) => `${sink.name} (${sink.type})`);
  const off = settings.sinks.filter((sink) => sink.off).map((sink) => `${sink.name} (no ${switchOf(sink)})`);
  const listen = settings.http.listen;
  const rows = [
    ['configuration', file],
    ['accounts', settings.accounts.map((account) => account.name).join(', ')],
    ['audit API', settings.api.baseUrl],
    [
      'polling',
      `every ${formatDuration(poll.intervalMs)}, overlap ${poll.overlapAuto ? 'auto' : formatDuration(poll.overlapMs)}, settle ${formatDuration(poll.settleMs)}`,
    ],
    ['rules', `${rules.rules.length}${levels.length > 0 ? ` (${levels.join(', ')})` : ''}`],
    ['rules left out', rules.skipped.map(({ info, reason }) => `${info.title} (${reason})`).join(', ')],
    ['sinks', on.join(', ') || 'none'],
    ['sinks off', off.join(', ')],
    ['routes', `${settings.routes.length}`],
    ['feeds', [...new Set(settings.feeds.flatMap(({ to }) => to))].join(', ')],
    ['store', `${placeText(settings.store.place)}, kept ${formatDuration(settings.store.retentionMs)}`],
    ['http', listen ? `${listen.host}:${listen.port}` : 'off'],
  ] as const;
  return rows
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name.padEnd(15)} ${value}`)
    .join('\n');
};
