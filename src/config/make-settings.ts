import { MIN_AUTO_OVERLAP_MS } from '../core/lateness.ts';
import type { ReadSections } from './read-sections.ts';
import type { Settings } from './settings.ts';

/** Settings of what was read; undefined when a section is missing that they cannot be without. */
export const makeSettings = (
  file: string,
  read: ReadSections,
  proxy: Settings['proxy'],
): Settings | undefined => {
  const { accounts, api, poll, reconcile, drift, store, lists, timezone, timeWindows, routes, http } = read;
  const { log, reload } = read;
  if (!accounts || !api || !poll || !reconcile || !drift || !store) return undefined;
  if (!lists || !timezone || !timeWindows || !routes || !http || !log || !reload) return undefined;
  return {
    file,
    accounts,
    api: {
      baseUrl: api.base_url,
      pageSize: api.page_size,
      timeoutMs: api.timeout,
      requestsPerSecond: api.requests_per_second,
    },
    poll: {
      intervalMs: poll.interval,
      overlapMs: poll.overlap === 'auto' ? MIN_AUTO_OVERLAP_MS : poll.overlap,
      overlapAuto: poll.overlap === 'auto',
      settleMs: poll.settle,
      start: poll.start,
      maxWindowEvents: poll.max_window_events,
    },
    reconcile: {
      requestsPerMinute: reconcile.requests_per_minute,
      backfillRequestsPerMinute: reconcile.backfill_requests_per_minute,
      sweeps: reconcile.windows.map(({ last, every }) => ({ lastMs: last, everyMs: every })),
    },
    drift: { learnMs: drift.learn },
    store,
    lists,
    timezone,
    timeWindows,
    sinks: read.sinks,
    routes: routes.routes,
    feeds: routes.feeds,
    http,
    drill: read.drill,
    heartbeat: read.heartbeat,
    tracing: read.tracing,
    log,
    reload,
    proxy,
  };
};
