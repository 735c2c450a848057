import { isObject, type Json } from '../base/json.ts';

/** What a rule remembers between events: that something was seen, what it was last, or what adds up. */
export const MEMORY_KINDS = ['first-seen', 'changed', 'correlation'] as const;
export type MemoryKind = (typeof MEMORY_KINDS)[number];

/** One record of a rule's memory, for people. */
export interface Remembered {
  readonly kind: MemoryKind;
  readonly ruleId: string;
  /** What it is about: the values that make the group, then the value that was seen. */
  readonly about: readonly string[];
  /** What is remembered of it, in words; '' when it is just that it was seen. */
  readonly what: string;
  /** The newest event behind it. Epoch ms. */
  readonly atMs: number | undefined;
}

/** All keys under which a rule keeps its memory. */
export const memoryKeys = (ruleId: string): readonly string[] =>
  MEMORY_KINDS.map((kind) => `${kind}/${ruleId}`);

const KEY = new RegExp(`^(${MEMORY_KINDS.join('|')})/(.+)/(\\d+)$`);

/** A record out of an entry of the state; undefined for what is none (heads of tables, other versions). */
export const rememberedOf = (key: string, value: Json): Remembered | undefined => {
  const match = KEY.exec(key);
  if (!match || !Array.isArray(value)) return undefined;
  const [, kind = '', ruleId = ''] = match;
  const [record, , content] = value as readonly Json[];
  if (typeof record !== 'string' || content === undefined) return undefined;
  if (kind === 'first-seen') return { kind, ruleId, ...firstSeen(textsOf(record), content) };
  if (kind === 'changed') return { kind, ruleId, about: textsOf(record), ...changed(content) };
  return { kind: 'correlation', ruleId, ...correlation(content) };
};

/** The texts of a key that is JSON; a value stands as `{ value }`. */
const textsOf = (key: string): readonly string[] => {
  try {
    const parsed = JSON.parse(key) as Json;
    if (!Array.isArray(parsed)) return [key];
    return (parsed as readonly Json[]).map((part) => {
      const value = isObject(part) ? part['value'] : part;
      return typeof value === 'string' ? value : JSON.stringify(value ?? null);
    });
  } catch {
    return [key];
  }
};

const time = (value: Json | undefined): number | undefined => (typeof value === 'number' ? value : undefined);

const firstSeen = (about: readonly string[], content: Json): Pick<Remembered, 'about' | 'what' | 'atMs'> => ({
  about,
  what: '',
  atMs: time(content),
});

const changed = (content: Json): Pick<Remembered, 'what' | 'atMs'> => {
  const [text, atMs] = Array.isArray(content) ? (content as readonly Json[]) : [];
  return { what: typeof text === 'string' ? `last was ${JSON.stringify(text)}` : '', atMs: time(atMs) };
};

const correlation = (content: Json): Pick<Remembered, 'about' | 'what' | 'atMs'> => {
  const [texts, , quiet, entries] = Array.isArray(content) ? (content as readonly Json[]) : [];
  const steps = Array.isArray(entries) ? (entries as readonly Json[]) : [];
  // Times are kept as distances from one another.
  let atMs = 0;
  for (const step of steps) {
    const [delta] = Array.isArray(step) ? (step as readonly Json[]) : [];
    atMs += typeof delta === 'number' ? delta : 0;
  }
  const count = `${steps.length} ${steps.length === 1 ? 'event' : 'events'}`;
  return {
    about: Array.isArray(texts) ? (texts as readonly Json[]).map(String) : [],
    what: quiet === true ? `${count}, has alerted` : count,
    atMs: steps.length === 0 ? undefined : atMs,
  };
};
