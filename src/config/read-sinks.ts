import { checkFallbacks } from './check-fallbacks.ts';
import type { SinkTypes } from './read-presets.ts';
import { readSecret } from './read-secret.ts';
import type { SinkOptionsType } from './schema.ts';
import type { Section } from './section.ts';
import type { SinkSettings } from './settings.ts';
import { COMMON_OPTIONS, type CommonOptions, sinkLimits } from './sink-limits.ts';
import { addSecrets, filesOfReferences, isSecretOption } from './sink-secrets.ts';
import { type Path, pathLabel, valueAt } from './tree.ts';
import { found, unknownKey, validate } from './validate.ts';
import { NAME, NAME_ALLOWED } from './values.ts';

/** What an operator gets who names no sinks: alerts in the log. */
const DEFAULT_SINKS = { console: { type: 'log' } };

/** Reads `sinks`. Sinks with problems are reported and left out; `names` holds them all, for the routes. */
export const readSinks = (
  section: Section,
  sinkTypes: SinkTypes,
): { readonly sinks: readonly ReadSink[]; readonly names: readonly string[] | undefined } => {
  const given = section.value(['sinks']);
  if (section.tree.place(['sinks'])?.bad) return { sinks: [], names: undefined };
  const raw = given === undefined ? DEFAULT_SINKS : given;
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw) || Object.keys(raw).length === 0) {
    const what = found(section.tree, ['sinks'], true);
    section.problem(
      ['sinks'],
      `sinks: found ${what}, allowed: a map of at least one sink, such as console: {type: log}`,
    );
    return { sinks: [], names: undefined };
  }
  const sinks = Object.entries(raw).map(([name, value]) => readSink(section, sinkTypes, name, value));
  checkFallbacks(section, raw as Readonly<Record<string, unknown>>);
  return { sinks: sinks.filter((sink) => sink !== undefined), names: Object.keys(raw) };
};

/** A sink as it was read once. */
export type ReadSink = Omit<SinkSettings, 'reread'>;

/** Reads one sink; undefined, with problems reported, when it is none. */
export const readSink = (
  section: Section,
  sinkTypes: SinkTypes,
  name: string,
  value: unknown,
): ReadSink | undefined => {
  const path: Path = ['sinks', name];
  const label = pathLabel(path);
  if (section.tree.place(path)?.bad) return undefined;
  if (!NAME.test(name)) section.keyProblem(path, `${label}: found this name, ${NAME_ALLOWED}`);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    section.problem(
      path,
      `${label}: found ${found(section.tree, path, true)}, allowed: a map such as {type: log}`,
    );
    return undefined;
  }
  const type = readType(section, sinkTypes, path, value as Record<string, unknown>);
  if (type === undefined) return undefined;

  const options: Record<string, unknown> = {};
  const files = new Map(type.secrets.map((secret) => [`${secret}_file`, secret]));
  const known = [...Object.keys(type.options.shape), ...Object.keys(COMMON_OPTIONS), ...files.keys(), 'type'];
  // Where the value of an option stands: for a secret from a file, where the file is named.
  const stands = new Map<string, string>();
  const secretFiles = new Set<string>();
  for (const [key, option] of Object.entries(value)) {
    const secret = files.get(key);
    if (key === 'type') continue;
    if (secret !== undefined) {
      stands.set(secret, key);
      if (Object.hasOwn(value, secret))
        section.problem([...path, key], `${label}: found both ${secret} and ${key}, allowed: one of them`);
      else options[secret] = secretFrom(section, [...path, key], option, secretFiles);
    } else if (!known.includes(key)) {
      section.keyProblem([...path, key], unknownKey(path, key, known));
    } else {
      options[key] = option;
    }
  }
  const switches = (type.switches ?? ['url']).filter((key) => Object.hasOwn(options, key));
  // A single one is needed by the schema itself, which says so.
  if (type.switches !== undefined && type.switches.length > 1 && switches.length === 0)
    section.problem(
      path,
      `${label}: one of ${type.switches.join(', ')} is needed; an empty text switches the sink off`,
    );
  const off = isOff(options, switches) && switches.every((key) => !section.tree.place([...path, key])?.bad);
  addSecrets(section, type, options);
  for (const file of filesOfReferences(section, path, value, type)) secretFiles.add(file);
  const place: typeof section.tree.place = (at) => {
    const own = at.length > 0 && stands.get(String(at[0]));
    return section.tree.place([...path, ...(own ? [own, ...at.slice(1)] : at)]);
  };
  const isSecret = (at: Path): boolean => isSecretOption(type, at);
  const checked = validate(type.options.extend(COMMON_OPTIONS), { root: options, place }, [], isSecret);
  for (const problem of checked.problems) {
    const [first] = problem.path;
    // A sink that is off may leave its texts empty, and a file that failed has been reported.
    if (off && valueAt(options, problem.path) === '') continue;
    if (first !== undefined && options[first] === FAILURE) continue;
    const message =
      problem.path.length === 0 ? problem.message.replace('top level', label) : `${label}.${problem.message}`;
    if (problem.key) section.keyProblem([...path, ...problem.path], message);
    else section.problem([...path, ...shownPath(problem.path, stands)], message);
  }
  const { own, common } = apart(checked.data ?? {});
  return {
    name,
    type: type.type,
    sinkType: type,
    options: own,
    off: off || isOff(own, switches),
    limits: sinkLimits(common, type.limits),
    secretFiles: [...secretFiles],
  };
};

/** The sink's own options, and those that every sink has. */
const apart = (
  options: Readonly<Record<string, unknown>>,
): { readonly own: Readonly<Record<string, unknown>>; readonly common: Partial<CommonOptions> } => {
  const isCommon = ([name]: readonly [string, unknown]): boolean => Object.hasOwn(COMMON_OPTIONS, name);
  const entries = Object.entries(options);
  return {
    own: Object.fromEntries(entries.filter((entry) => !isCommon(entry))),
    common: Object.fromEntries(entries.filter(isCommon)) as Partial<CommonOptions>,
  };
};

const isOff = (options: Readonly<Record<string, unknown>>, switches: readonly string[]): boolean =>
  switches.length > 0 && switches.every((key) => options[key] === '');

const shownPath = (path: Path, stands: ReadonlyMap<string, string>): Path => {
  const own = stands.get(String(path[0]));
  return own === undefined ? path : [own, ...path.slice(1)];
};

/** Stands for a secret whose file could not be read, so that nothing more is said about it. */
const FAILURE = Object.freeze({});

const secretFrom = (section: Section, path: Path, file: unknown, files: Set<string>): unknown => {
  if (section.tree.place(path)?.bad) return FAILURE;
  if (typeof file === 'string' && file !== '') {
    const read = readSecret(section, path, file);
    if (read) files.add(read.file);
    return read?.value ?? FAILURE;
  }
  section.problem(
    path,
    `${pathLabel(path)}: found ${found(section.tree, path, false)}, allowed: the path of a file`,
  );
  return FAILURE;
};

const readType = (
  section: Section,
  sinkTypes: SinkTypes,
  path: Path,
  value: Readonly<Record<string, unknown>>,
): SinkOptionsType | undefined => {
  const types = sinkTypes.names;
  const at = [...path, 'type'];
  if (section.tree.place(at)?.bad) return undefined;
  if (!Object.hasOwn(value, 'type')) {
    section.problem(path, `${pathLabel(at)} is missing; allowed: ${types.join(', ')}`);
    return undefined;
  }
  const type = sinkTypes.find(String(value['type']));
  // What is wrong with a preset has been reported at its own place.
  if (type !== undefined) return type === 'faulty' ? undefined : type;
  section.problem(
    at,
    `${pathLabel(at)}: found ${found(section.tree, at, false)}, allowed: ${types.join(', ')}${section.hint(at, types)}`,
  );
  return undefined;
};
