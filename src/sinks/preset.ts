import { UsageError } from '../base/errors.ts';
import type { Json, JsonObject } from '../base/json.ts';
import { didYouMean } from '../base/similar.ts';
import type { FedEvent, Sink, Verdict } from '../core/delivery.ts';
import { createHttpPoster } from './http.ts';
import { type HttpSettings, refuseImpossible, secretsOfHeaders } from './http-options.ts';
import { createAnswerReader } from './preset-answer.ts';
import type { Context, PresetPath } from './preset-context.ts';
import { ALERT_NAMES, FEED_NAMES, KNOWN_VALUES, type Shape, shapeAt } from './preset-names.ts';
import { compileOptions, type PresetOptions } from './preset-options.ts';
import { compileRequest, type RequestMaker } from './preset-request.ts';
import type { PresetFile, PresetRequest } from './preset-schema.ts';
import { textOf, valueOf } from './preset-template.ts';
import { alertValues, feedValues } from './preset-values.ts';
import type { SinkDeps, SinkLimits, SinkType } from './sink-type.ts';
import { createReason, failureVerdict, unsendable } from './verdict.ts';

/** A fault in a preset: where in its file, and what is allowed there. */
export interface PresetProblem {
  readonly path: PresetPath;
  readonly message: string;
  /** Whether it is about the key rather than the value. */
  readonly key?: boolean;
}

/** A preset as a kind of sink. */
export interface Preset {
  readonly type: SinkType;
  readonly file: PresetFile;
}

/** Enough of an answer for what it says about every event of a batch. */
const MAX_ANSWER_BYTES = 262_144;

interface Requests {
  readonly firing: RequestMaker;
  /** Undefined: nothing is sent for the end of something. */
  readonly resolved: RequestMaker | undefined;
  readonly events: RequestMaker | undefined;
}

/** Makes the kind of sink that a preset's file describes, or finds everything that is wrong with it. Pure. */
export const compilePreset = (
  name: string,
  file: PresetFile,
): { readonly preset: Preset | undefined; readonly problems: readonly PresetProblem[] } => {
  const problems: PresetProblem[] = [];
  const problem = (path: PresetPath, message: string, key = false): void => {
    problems.push({ path, message, ...(key && { key }) });
  };
  const options = compileOptions(file, problem);
  const optionNames = Object.fromEntries(
    Object.entries(file.options).map(([option, { type }]) => [
      option,
      (type === 'list' ? ['value'] : 'value') satisfies Shape as Shape,
    ]),
  );
  const lookupNames = checkLookups(file, problem);
  const context = (names: Shape): Context => ({
    names: { ...(names as object), ...lookupNames, options: optionNames },
    lookups: new Set(Object.keys(lookupNames)),
    escape: 'none',
    problem,
  });
  const requests: Requests = {
    firing: compileRequest(file.request, (key) => ['request', key], context(ALERT_NAMES)),
    resolved: file.resolved === false ? undefined : variant(file, 'resolved', context(ALERT_NAMES)),
    events: file.events && variant(file, 'events', context(FEED_NAMES)),
  };
  if (problems.length > 0) return { preset: undefined, problems };
  const limits = limitsOf(file.limits);
  const type: SinkType = {
    type: name,
    options: options.options,
    secrets: options.secrets,
    ...(options.off !== undefined && { switches: [options.off] }),
    takesEvents: () => file.events !== undefined,
    ...(limits && { limits }),
    create: (sinkName, given, deps) =>
      createPresetSink({ name: sinkName, type: name, file, options, requests }, given, deps),
  };
  return { preset: { type, file }, problems };
};

/** A request that differs in some keys from that for a usual alert. Headers are added to, everything else replaced. */
const variant = (file: PresetFile, name: 'resolved' | 'events', context: Context): RequestMaker => {
  const changed: PresetRequest = file[name] || {};
  const isChanged = (key: keyof PresetRequest): boolean =>
    changed[key] !== undefined ||
    // One kind of body takes the place of the other.
    ((key === 'body' || key === 'body_lines') &&
      (changed.body !== undefined || changed.body_lines !== undefined));
  const merged = Object.fromEntries(
    (Object.keys({ ...file.request, ...changed }) as (keyof PresetRequest)[]).map((key) => [
      key,
      isChanged(key) ? changed[key] : file.request[key],
    ]),
  ) as PresetRequest;
  const headers = { ...file.request.headers, ...changed.headers };
  return compileRequest(
    { ...merged, ...(Object.keys(headers).length > 0 && { headers }) },
    (key) => [isChanged(key) ? name : 'request', key],
    context,
  );
};

/** The names that lookups add; tables that miss a value, and lookups of nothing, are reported. */
const checkLookups = (
  { lookups }: PresetFile,
  problem: (path: PresetPath, message: string, key?: boolean) => void,
): Readonly<Record<string, Shape>> => {
  for (const [name, { from, table, default: fallback }] of Object.entries(lookups)) {
    if (Object.hasOwn(ALERT_NAMES, name) || name === 'options')
      problem(['lookups', name], `there is a name "${name}" already; allowed: another one`, true);
    const found = shapeAt(ALERT_NAMES, from.split('.'));
    if ('failure' in found) problem(['lookups', name, 'from'], found.failure);
    const known = KNOWN_VALUES[from];
    if (known === undefined) continue;
    const missing = known.filter((value) => !Object.hasOwn(table, value));
    if (fallback === undefined && missing.length > 0)
      problem(['lookups', name, 'table'], `lacks ${missing.join(', ')}; allowed: all of them, or a default`);
    for (const value of Object.keys(table))
      if (!known.includes(value))
        problem(
          ['lookups', name, 'table', value],
          `${from} is never "${value}"; allowed: ${known.join(', ')}${didYouMean(value, known)}`,
          true,
        );
  }
  return Object.fromEntries(Object.keys(lookups).map((name): [string, Shape] => [name, 'value']));
};

const limitsOf = (limits: PresetFile['limits']): SinkLimits | undefined => {
  const { per_second: perSecond, burst, fold_above: foldAbove } = limits;
  if (perSecond === undefined && burst === undefined && foldAbove === undefined) return undefined;
  return {
    ...(perSecond !== undefined && { perSecond }),
    ...(burst !== undefined && { burst }),
    ...(foldAbove !== undefined && { foldAbove }),
  };
};

const createPresetSink = (
  preset: {
    readonly name: string;
    readonly type: string;
    readonly file: PresetFile;
    readonly options: PresetOptions;
    readonly requests: Requests;
  },
  given: Readonly<Record<string, unknown>>,
  deps: SinkDeps,
): Sink => {
  const { name, type, file, requests } = preset;
  const settings = given as unknown as HttpSettings;
  const own = Object.fromEntries(
    Object.keys(file.options).map((option) => [option, (given[option] ?? null) as Json]),
  );
  const target = targetOf(name, requests.firing, { options: own });
  refuseImpossible(name, target, settings);
  const { timeout: timeoutMs, concurrency, ca, cert, key } = settings;
  const http = createHttpPoster(
    target,
    { timeoutMs, connections: concurrency, tls: { ca, cert, key }, maxAnswerBytes: MAX_ANSWER_BYTES },
    deps,
  );
  const secrets = Object.entries(file.options)
    .filter(([, { secret }]) => secret)
    .flatMap(([option]) => [own[option] ?? ''].flat().map(textOf));
  const reason = createReason([...http.secrets, ...secrets, ...secretsOfHeaders(settings.headers)]);
  const read = createAnswerReader(file.answers, file.retry_after);
  const headers = Object.fromEntries(
    Object.entries(settings.headers).map(([header, value]) => [header.toLowerCase(), value]),
  );

  const attempt = async (
    maker: RequestMaker,
    values: () => JsonObject,
    signal: AbortSignal,
  ): Promise<Verdict> => {
    const startedAtMs = deps.now();
    const about = () => ({ host: http.host, startedAtMs, nowMs: deps.now(), reason });
    let request: ReturnType<RequestMaker['make']>;
    try {
      const made = values();
      request = maker.make({ ...made, ...lookedUp(file, made), options: own });
    } catch (error) {
      return unsendable(error, reason);
    }
    const { body } = request;
    try {
      const answer = await http.post(body, { ...request.headers, ...headers }, signal, request);
      return { ...read(answer, about()), status: answer.status, bytes: Buffer.byteLength(body) };
    } catch (error) {
      return failureVerdict(error, about());
    }
  };

  const { events } = requests;
  return {
    name,
    type,
    concurrency,
    send: async (delivery, signal) => {
      const maker = delivery.alert.status === 'resolved' ? requests.resolved : requests.firing;
      if (signal.aborted) return { outcome: 'retry', reason: reason('called off before it began') };
      if (maker === undefined)
        return { outcome: 'sent', receipt: reason(`nothing to send: ${type} is not told of ends`) };
      return attempt(maker, () => alertValues(delivery, deps), signal);
    },
    ...(events && {
      sendEvents: (batch: readonly FedEvent[], signal: AbortSignal) =>
        attempt(events, () => feedValues(batch), signal),
      eventBatch: file.events?.batch ?? 100,
    }),
    close: () => http.close(),
  };
};

const targetOf = (name: string, maker: RequestMaker, values: JsonObject): URL => {
  try {
    return maker.target(values);
  } catch {
    throw new UsageError(`sink "${name}": its options make no valid URL`);
  }
};

const lookedUp = ({ lookups }: PresetFile, values: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(lookups).map(([name, { from, table, default: fallback }]) => {
      const value = textOf(valueOf(values, from.split('.')));
      return [name, (Object.hasOwn(table, value) ? table[value] : fallback) ?? null];
    }),
  );
