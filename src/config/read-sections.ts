import type { TimeWindowSettings } from '../core/time-window.ts';
import { readAccounts } from './read-accounts.ts';
import { readDrill, readHeartbeat } from './read-checks.ts';
import { checkFeeds } from './read-feeds.ts';
import { readHttp } from './read-http.ts';
import { readLists } from './read-lists.ts';
import type { SinkTypes } from './read-presets.ts';
import { readRoutes } from './read-routes.ts';
import { readSinks } from './read-sinks.ts';
import { readStore } from './read-store.ts';
import { readTracing } from './read-tracing.ts';
import { rereadHeartbeat, rereadSink, type SinkSource } from './reread-sink.ts';
import { SECTIONS } from './schema.ts';
import type { Section } from './section.ts';
import type { Settings } from './settings.ts';
import { standIns } from './stand-ins.ts';

const readTimeWindows = (section: Section): Settings['timeWindows'] | undefined => {
  const checked = section.check(SECTIONS.time_windows, ['time_windows']);
  if (checked === undefined) return undefined;
  const windows = Object.entries(checked).map(
    ([name, { days, hours, timezone }]): [string, TimeWindowSettings] => [
      name,
      { ...(days && { days }), ...(hours && { hours }), ...(timezone && { timezone }) },
    ],
  );
  return Object.fromEntries(windows);
};

/** Names of all accounts, as far as they can be read; undefined when there may be more. */
const accountNames = (section: Section): readonly string[] | undefined => {
  const raw = section.value(['accounts']);
  if (!Array.isArray(raw)) return undefined;
  const names = raw.map((_, index) => section.value(['accounts', index, 'name']));
  return names.every((name) => typeof name === 'string') ? names : undefined;
};

/** Names of all time windows, as far as they can be read. */
const windowNames = (section: Section): readonly string[] | undefined => {
  const raw = section.value(['time_windows']);
  if (raw === undefined) return [];
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw) ? Object.keys(raw) : undefined;
};

/** What the sections of a configuration file came to, each by itself. Undefined: there is a problem in it. */
export type ReadSections = Awaited<ReturnType<typeof readSections>>;

/**
 * Reads every section but `rules`' files, and reports their problems. `source` is what a sink is read from once more while
 * running, `feedTypes` are the kinds of sink that take events.
 */
export const readSections = async (
  section: Section,
  readSinkTypes: () => Promise<SinkTypes>,
  source: Omit<SinkSource, 'sinkTypes'>,
  feedTypes: readonly string[],
) => {
  const accounts = readAccounts(section);
  const api = section.check(SECTIONS.api, ['api']);
  const poll = section.check(SECTIONS.poll, ['poll']);
  const reconcile = section.check(SECTIONS.reconcile, ['reconcile']);
  const drift = section.check(SECTIONS.drift, ['drift']);
  const store = readStore(section);
  const rules = section.check(SECTIONS.rules, ['rules']);
  // A text where a list belongs can be anything, a secret that slipped a level too: it is not shown.
  const listed = section.check(SECTIONS.lists, ['lists'], (at) => at.length === 2);
  const lists = listed && readLists(section, listed);
  const timezone = section.check(SECTIONS.timezone, ['timezone']);
  const timeWindows = readTimeWindows(section);
  const sinkTypes = await readSinkTypes();
  const { sinks: readOnce, names: sinkNames } = readSinks(section, sinkTypes);
  const whole: SinkSource = { ...source, sinkTypes };
  const sinks = readOnce.map((sink) => ({ ...sink, reread: () => rereadSink(whole, sink.name) }));
  const routes = readRoutes(section, {
    sinks: sinkNames,
    accounts: accountNames(section),
    timeWindows: windowNames(section),
  });
  checkFeeds(section, sinks, feedTypes);
  const http = readHttp(section);
  const drill = readDrill(section, sinkNames, timezone);
  const heartbeat = readHeartbeat(section);
  const tracing = readTracing(section);
  const log = section.check(SECTIONS.log, ['log']);
  const reload = section.check(SECTIONS.reload, ['reload']);
  return {
    accounts,
    api,
    poll,
    reconcile,
    drift,
    store,
    rules,
    lists,
    timezone,
    timeWindows,
    sinkTypes,
    sinkNames,
    /** With what stands for those that could not be read. */
    sinks: [...sinks, ...standIns(section, sinks, sinkNames)],
    routes,
    http,
    drill,
    heartbeat: heartbeat && { ...heartbeat, reread: () => rereadHeartbeat(whole) },
    tracing,
    log,
    reload,
  };
};
