import { dirname, isAbsolute, join } from 'node:path';
import type { z } from 'zod';
import type { Problem } from '../core/problem.ts';
import { parseYaml } from './parse-yaml.ts';
import { findPresets, type PresetPlace } from './preset-files.ts';
import { readText } from './read-text.ts';
import type { SinkOptionsType } from './schema.ts';
import type { Section } from './section.ts';
import { pathLabel } from './tree.ts';
import { type PathProblem, problemOffset, validate } from './validate.ts';

/** What makes kinds of sink of the content of presets. */
export interface PresetCompiler {
  /** The shape of a preset's file, a strict object. */
  readonly schema: z.ZodObject;
  /** A kind of sink of what the schema made, or problems at paths in the file; their texts do not name the path. */
  compile(
    name: string,
    /** What the schema made; without the keys that had problems, when some had. */
    content: unknown,
  ): { readonly type: SinkOptionsType | undefined; readonly problems: readonly PathProblem[] };
}

/** Where presets are. This part only finds and reads their files. */
export interface PresetSource {
  /** The folder of those that come with the program. */
  readonly shipped: string;
  /** Whether presets that no sink uses are checked as well. */
  readonly checkAll: boolean;
  /** Loads what compiles them, when one is used: a start without presets pays nothing for it. */
  compiler(): Promise<PresetCompiler>;
}

/** The kinds of sink there are. */
export interface SinkTypes {
  readonly names: readonly string[];
  /** A kind by its name; `faulty` is a preset whose problems were reported. */
  find(name: string): SinkOptionsType | 'faulty' | undefined;
}

/** Names of presets, which are names of kinds of sink. */
const NAME = /^[a-z][a-z0-9_-]{0,40}$/;

/**
 * The built-in kinds of sink and the presets: the operator's own in `folders`, then the shipped ones. A preset is read
 * when a sink uses it (or all are checked). One's own goes before a shipped one of its name, with a warning unless it
 * is a copy, or the very file: the shipped configuration lies beside the shipped presets.
 */
export const readPresets = async (
  section: Section,
  folders: readonly string[],
  builtIn: readonly SinkOptionsType[],
  source: PresetSource,
  report: {
    readonly problem: (problem: Problem) => void;
    readonly warn: (warning: Problem) => void;
    /** Told the text of a preset that a sink is made of. */
    readonly used: (name: string, text: string) => void;
  },
): Promise<SinkTypes> => {
  const whole = (file: string, message: string): Problem => ({ file, line: 0, column: 0, message });
  const own = new Map<string, PresetPlace>();
  for (const place of findOwn(section, folders)) {
    const before = own.get(place.name);
    if (builtIn.some(({ type }) => type === place.name))
      report.problem(
        whole(
          place.path,
          `"${place.name}" is a kind of sink that is built in; allowed: another name for the file`,
        ),
      );
    else if (!NAME.test(place.name))
      report.problem(
        whole(
          place.path,
          'the name of the file is the name of the preset; allowed: small letters, digits, "_", "-" and .yml',
        ),
      );
    else if (before === undefined) own.set(place.name, place);
    else
      report.problem(
        whole(
          place.path,
          `there is a preset "${place.name}" at ${before.path} already; allowed: one of them`,
        ),
      );
  }
  const found = findPresets(source.shipped);
  const shipped = new Map(('presets' in found ? found.presets : []).map((place) => [place.name, place]));

  const isBuiltIn = (name: unknown): boolean => builtIn.some(({ type }) => type === name);
  const isUsed = typesOf(section).some((name) => !isBuiltIn(name));
  const compiler = isUsed || source.checkAll ? await source.compiler() : undefined;
  const read = new Map<string, SinkOptionsType | 'faulty'>();
  const find: SinkTypes['find'] = (name) => {
    const known = builtIn.find(({ type }) => type === name) ?? read.get(name);
    const place = own.get(name) ?? shipped.get(name);
    if (known !== undefined || place === undefined || compiler === undefined) return known;
    const original = shipped.get(name);
    if (original !== undefined && !isSameText(place.path, original.path))
      report.warn(whole(place.path, `takes the place of the preset "${name}" that comes with the program`));
    const { type, problems, text } = readPreset(place, compiler);
    report.used(name, text);
    for (const problem of problems) report.problem(problem);
    read.set(name, type ?? 'faulty');
    return type ?? 'faulty';
  };
  const presets = [...new Set([...shipped.keys(), ...own.keys()])];
  if (source.checkAll) for (const name of presets) find(name);
  return { names: [...builtIn.map(({ type }) => type), ...presets], find };
};

/** What stands as `type` of the sinks, whatever it is. */
const typesOf = (section: Section): readonly unknown[] => {
  const sinks = section.value(['sinks']);
  return typeof sinks === 'object' && sinks !== null
    ? Object.keys(sinks).map((name) => section.value(['sinks', name, 'type']))
    : [];
};

const findOwn = (section: Section, folders: readonly string[]): readonly PresetPlace[] => {
  const given = section.value(['presets']) !== undefined;
  return folders.flatMap((entry, index) => {
    const path = isAbsolute(entry) ? entry : join(dirname(section.file), entry);
    section.reads(path);
    const found = findPresets(path);
    if ('presets' in found) return found.presets;
    // The folder that nobody named need not be there.
    if (given)
      section.problem(
        ['presets', index],
        `presets[${index}]: found ${section.shown(['presets', index])} (${found.failure}), allowed: folders of presets, and preset files`,
      );
    return [];
  });
};

const isSameText = (one: string, other: string): boolean => {
  const [first, second] = [readText(one), readText(other)];
  return 'text' in first && 'text' in second && first.text === second.text;
};

const readPreset = (
  { name, path }: PresetPlace,
  compiler: PresetCompiler,
): {
  readonly type: SinkOptionsType | undefined;
  readonly problems: readonly Problem[];
  readonly text: string;
} => {
  const read = readText(path);
  if ('failure' in read)
    return {
      type: undefined,
      problems: [{ file: path, line: 0, column: 0, message: read.failure }],
      text: '',
    };
  const { text } = read;
  const { tree, problems: faults, position } = parseYaml(text, NO_REFERENCES, 'at least "request"');
  const at = (offset: number, message: string): Problem => ({ file: path, ...position(offset), message });
  if (tree === undefined || faults.length > 0)
    return { type: undefined, problems: faults.map(({ offset, message }) => at(offset, message)), text };
  const { data, problems } = validate(compiler.schema, tree, [], () => false);
  const compiled = compiler.compile(name, data ?? soundPart(tree.root, problems, compiler));
  return {
    type: data === undefined ? undefined : compiled.type,
    text,
    problems: [
      ...problems.map((problem) => at(problemOffset(tree, problem), problem.message)),
      ...compiled.problems.map((problem) =>
        at(problemOffset(tree, problem), `${pathLabel(problem.path)}: ${problem.message}`),
      ),
    ],
  };
};

/** A preset without those of its keys that have problems: what is left is checked as well, so that all are told at once. */
const soundPart = (root: unknown, problems: readonly PathProblem[], { schema }: PresetCompiler): unknown => {
  const faulty = new Set(problems.map(({ path }) => path[0]));
  const sound = (content: unknown): object =>
    Object.fromEntries(Object.entries(content ?? {}).filter(([key]) => !faulty.has(key)));
  const parsed = schema.partial().safeParse(sound(root));
  // Once more, since a key that is not there has its default.
  return parsed.success ? sound(parsed.data) : {};
};

/** A preset is the same for everybody; what differs is an option. */
const NO_REFERENCES = () => ({
  failure:
    'a preset holds no references to the environment; allowed: an option, which stands as {options.NAME}',
});
