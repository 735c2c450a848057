import { formatDuration } from '../base/duration.ts';
import { MAX_AUTO_OVERLAP_MS } from '../core/lateness.ts';
import { isFeedRoute } from './read-feeds.ts';
import type { Section } from './section.ts';
import type { Settings } from './settings.ts';
import { isLoopback } from './values.ts';

/** Reports what only several options together can get wrong, and warns of what is legal but probably not meant. */
export const checkTogether = (section: Section, settings: Settings, nowMs: number): void => {
  const { poll, store, api } = settings;
  const overlapMs = poll.overlapAuto ? MAX_AUTO_OVERLAP_MS : poll.overlapMs;
  if (store.retentionMs <= overlapMs + poll.settleMs)
    section.problem(
      ['store', 'retention'],
      'store.retention: found a time within poll.overlap and poll.settle, so events would be forgotten while they are still read again; allowed: longer',
    );
  if (poll.start.kind === 'at' && poll.start.ms > nowMs)
    section.warn(
      ['poll', 'start'],
      'poll.start: a time in the future; refused by run for an account that has not been read yet',
    );
  const startAgoMs =
    poll.start.kind === 'ago' ? poll.start.ms : poll.start.kind === 'at' ? nowMs - poll.start.ms : 0;
  if (startAgoMs > store.retentionMs)
    section.warn(
      ['poll', 'start'],
      'poll.start: lies before what store.retention keeps; older events are read, alerted and then deleted',
    );
  if (poll.intervalMs < 1_000)
    section.warn(
      ['poll', 'interval'],
      `poll.interval: ${formatDuration(poll.intervalMs)} asks the API more often than it changes; meant for tests`,
    );
  if (poll.overlapMs === 0)
    section.warn(
      ['poll', 'overlap'],
      'poll.overlap: without an overlap, events that become visible late are missed',
    );
  const lasts = settings.reconcile.sweeps.map(({ lastMs }) => lastMs);
  if (new Set(lasts).size < lasts.length)
    section.problem(
      ['reconcile', 'windows'],
      'reconcile.windows: found two with the same "last", allowed: each once',
    );
  const base = new URL(api.baseUrl);
  if (base.protocol === 'http:' && !isLoopback(base.hostname))
    section.warn(
      ['api', 'base_url'],
      'api.base_url: http to another machine sends the API secret readable to everybody between',
    );
  const last = settings.routes.at(-1);
  const on = new Set(settings.sinks.filter(({ off }) => !off).map(({ name }) => name));
  if (last !== undefined && !last.to.some((name) => on.has(name)))
    section.warn(
      ['routes', lastForAlerts(section.value(['routes']))],
      'routes: every sink of the last route is off, so alerts may be recorded and sent nowhere',
    );
  for (const { name, off, limits } of settings.sinks)
    if (!off && limits.fallback !== undefined && !on.has(limits.fallback))
      section.warn(
        ['sinks', name, 'fallback'],
        `sinks.${name}.fallback: "${limits.fallback}" is off, so there is no fallback`,
      );
};

/** Place in the file of the last route that is about alerts. */
const lastForAlerts = (routes: unknown): number =>
  Array.isArray(routes) ? routes.findLastIndex((route) => !isFeedRoute(route)) : 0;
