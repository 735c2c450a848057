import type { HeartbeatSettings, Settings, SinkSettings } from '../config/settings.ts';
import { isSecretOption } from '../config/sink-secrets.ts';
import type { Ready } from './load.ts';

/** One section of what is in force: values by their names. */
export type ViewSection = Readonly<Record<string, unknown>>;

/** All that is in force, by section. */
export type ConfigView = Readonly<Record<string, ViewSection>>;

/**
 * Sections of plain values, none of them secret: a change of theirs is told with the values. But for `store.place`, which is one and
 * stays what it is while running (see `keepFixed`).
 */
export const PLAIN_SECTIONS = ['api', 'poll', 'reconcile', 'drift', 'store', 'log', 'reload'] as const;

/**
 * What is in force as plain data, the same for the same effective configuration however it is written. Secrets stand as
 * themselves, for comparing in memory, or with `secrets: false` only as whether there is one. Then what differs from one process
 * to another though they do the same work is left out as well: how it gets to the store that they share, and where it listens.
 */
export const viewOf = (ready: Ready, how: { readonly secrets: boolean }): ConfigView => {
  const { settings, texts } = ready;
  const secret = (value: unknown): unknown => (how.secrets ? value : value !== undefined && value !== '');
  const { timezone, routes, feeds, drill, heartbeat, http, tracing } = settings;
  const plain = how.secrets
    ? settings
    : { ...settings, store: { ...settings.store, place: settings.store.place.kind } };
  return {
    ...Object.fromEntries(
      PLAIN_SECTIONS.map((name): [string, ViewSection] => [
        name,
        flat(plain[name] as Readonly<Record<string, unknown>>),
      ]),
    ),
    accounts: named(settings.accounts, ({ apiKey, secretFile, credentials }) => ({
      apiKey,
      // A file is followed while running: which one it is counts.
      secret: secret(secretFile ?? credentials().apiSecret),
    })),
    sinks: named(settings.sinks, (sink) => sinkView(sink, texts.presets[sink.type], secret)),
    lists: settings.lists,
    time_windows: settings.timeWindows,
    rules: rulesView(ready),
    'rule files': { '': texts.rules.map(({ text }) => text) },
    timezone: { '': timezone },
    routes: { '': routes },
    feeds: { '': feeds },
    drill: { '': drill },
    heartbeat: { '': heartbeat && heartbeatView(heartbeat, secret) },
    http: {
      '': { listen: how.secrets && http.listen, externalUrl: http.externalUrl, metrics: http.metrics },
    },
    tokens: named(http.tokens, ({ role, secretFile, current }) => ({
      role,
      secret: secret(secretFile ?? current()),
    })),
    tracing: { '': tracing && { ...tracing, headers: secret(tracing.headers) } },
  };
};

const named = <T extends { readonly name: string }>(
  list: readonly T[],
  of: (one: T) => unknown,
): ViewSection => Object.fromEntries(list.map((one) => [one.name, of(one)]));

/** `{ poll: { start: { kind: 'now' } } }` as `{ start: '{"kind":"now"}' }`: values are compared and told one by one. */
const flat = (section: Readonly<Record<string, unknown>>): ViewSection =>
  Object.fromEntries(
    Object.entries(section).map(([key, value]) => [
      key,
      typeof value === 'object' && value !== null ? JSON.stringify(value) : value,
    ]),
  );

const heartbeatView = (heartbeat: HeartbeatSettings, secret: (value: unknown) => unknown): unknown => {
  const { intervalMs, heads, secretFiles } = heartbeat;
  // As with sinks: the file of a heartbeat that runs has been followed since.
  const now = secretFiles.length > 0 ? heartbeat.reread() : heartbeat;
  return {
    intervalMs,
    heads,
    files: secret(secretFiles.join()),
    url: secret('url' in now ? now.url : heartbeat.url),
  };
};

const sinkView = (
  sink: SinkSettings,
  preset: string | undefined,
  secret: (value: unknown) => unknown,
): unknown => {
  const { type, sinkType, off, limits } = sink;
  // The secret files of a sink that runs have been followed since: what it has now is what counts.
  const now = sink.secretFiles.length > 0 && !off ? sink.reread() : sink;
  const options = 'options' in now ? now.options : sink.options;
  const shown = Object.entries(options).map(([key, value]): [string, unknown] => {
    if (isSecretOption(sinkType, [key])) return [key, secret(value)];
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [key, value];
    const inner = Object.entries(value).map(([name, each]): [string, unknown] => [
      name,
      isSecretOption(sinkType, [key, name]) ? secret(each) : each,
    ]);
    return [key, Object.fromEntries(inner)];
  });
  const files = secret(sink.secretFiles.join());
  return { type, off, limits, options: Object.fromEntries(shown), files, preset };
};

/** Every loaded rule by its title, as the lines of its document. */
const rulesView = ({ rules, texts }: Ready): ViewSection => {
  const lines = new Map(texts.rules.map(({ path, text }) => [path, text.split('\n')]));
  const starts = new Map<string, number[]>();
  const all = [...rules.rules, ...rules.skipped];
  for (const { info, line } of all) starts.set(info.file, [...(starts.get(info.file) ?? []), line]);
  const view: Record<string, unknown> = {};
  for (const { info, line } of rules.rules) {
    const next = Math.min(...(starts.get(info.file) ?? []).filter((other) => other > line));
    const end = Number.isFinite(next) ? next - 1 : undefined;
    const text = (lines.get(info.file) ?? []).slice(line - 1, end).join('\n');
    view[Object.hasOwn(view, info.title) ? `${info.title} (${info.id})` : info.title] = text;
  }
  return view;
};

/** Settings that nobody sees in {@link viewOf}, so that a new section is not forgotten there. */
type Unseen = Exclude<
  keyof Settings,
  | (typeof PLAIN_SECTIONS)[number]
  | 'accounts'
  | 'sinks'
  | 'lists'
  | 'timeWindows'
  | 'timezone'
  | 'routes'
  | 'feeds'
  | 'drill'
  | 'heartbeat'
  | 'http'
  | 'tracing'
  // Cannot change while the process runs.
  | 'file'
  | 'proxy'
>;
type NothingUnseen = Unseen extends never ? true : Unseen;
true satisfies NothingUnseen;
