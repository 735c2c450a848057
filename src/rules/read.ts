import { parseDuration } from '../base/duration.ts';
import type { Entry, Mapping, Node } from './node.ts';
import { didYouMean, oneOf, type Reporter, shown } from './problem.ts';

/** Reads the keys of one map with checks of their kinds; every refusal is reported and answered by undefined. */
export interface Fields {
  readonly map: Mapping;
  at(key: string): number;
  has(key: string): boolean;
  node(key: string): Node | undefined;
  text(key: string): string | undefined;
  /** A list of texts; a single text is a list of one. */
  texts(key: string): readonly string[] | undefined;
  /** Texts for people, of which one that is none is left out with a warning: the rule works without it. */
  remarks(key: string): readonly string[];
  flag(key: string): boolean | undefined;
  /** Milliseconds of a duration such as `30m`. */
  durationMs(key: string): number | undefined;
  choice<T extends string>(key: string, allowed: readonly T[]): T | undefined;
  fields(key: string): Fields | undefined;
  /** Reports keys that are not allowed. `what` names the map in messages. */
  only(allowed: readonly string[], what: string): void;
}

const kindName = (node: Node): string =>
  node.kind === 'map' ? 'a map' : node.kind === 'list' ? 'a list' : shown(node.text);

/** Makes the reader of a map. A key whose value is null (or nothing) counts as missing. */
export const createFields = (map: Mapping, reporter: Reporter): Fields => {
  const byKey = new Map<string, Entry>();
  for (const candidate of map.entries) if (!byKey.has(candidate.key)) byKey.set(candidate.key, candidate);
  const node = (key: string): Node | undefined => {
    const value = byKey.get(key)?.value;
    return value?.kind === 'scalar' && value.type === 'null' ? undefined : value;
  };
  const refuse = (found: Node, key: string, allowed: string, hint?: string): undefined =>
    reporter.problem(
      found.at,
      `${shown(key)} must be ${allowed}, found ${kindName(found)}`,
      hint,
    ) as undefined;
  const self: Fields = {
    map,
    at: (key) => byKey.get(key)?.value.at ?? map.at,
    has: (key) => byKey.has(key),
    node,
    text(key) {
      const found = node(key);
      if (!found) return undefined;
      return found.kind === 'scalar' ? found.text : refuse(found, key, 'a text');
    },
    texts(key) {
      const found = node(key);
      if (!found) return undefined;
      if (found.kind === 'scalar') return [found.text];
      if (found.kind === 'map') return refuse(found, key, 'a list of texts');
      const texts: string[] = [];
      for (const item of found.items) {
        if (item.kind === 'scalar') texts.push(item.text);
        else refuse(item, key, 'a list of texts');
      }
      return texts.length === found.items.length ? texts : undefined;
    },
    remarks(key) {
      const found = node(key);
      if (!found) return [];
      const items = found.kind === 'list' ? found.items : [found];
      for (const item of items)
        if (item.kind !== 'scalar')
          reporter.warn(item.at, `${shown(key)} must be a list of texts, found ${kindName(item)}`);
      return items.flatMap((item) => (item.kind === 'scalar' ? [item.text] : []));
    },
    flag(key) {
      const found = node(key);
      if (!found) return undefined;
      if (found.kind === 'scalar' && found.type === 'bool') return found.text.toLowerCase() === 'true';
      return refuse(found, key, 'true or false');
    },
    durationMs(key) {
      const found = node(key);
      if (!found) return undefined;
      const ms = found.kind === 'scalar' ? parseDuration(found.text) : undefined;
      if (ms === undefined || ms <= 0) return refuse(found, key, 'a duration such as 30s, 10m, 24h or 14d');
      return ms;
    },
    choice(key, allowed) {
      const found = node(key);
      if (!found) return undefined;
      if (found.kind !== 'scalar') return refuse(found, key, oneOf(allowed));
      const value = allowed.find((candidate) => candidate === found.text.toLowerCase());
      if (value !== undefined && value !== found.text)
        reporter.warn(found.at, `${shown(key)} is written in lower case, found ${shown(found.text)}`);
      return value ?? refuse(found, key, oneOf(allowed), didYouMean(found.text, allowed));
    },
    fields(key) {
      const found = node(key);
      if (!found) return undefined;
      return found.kind === 'map' ? createFields(found, reporter) : refuse(found, key, 'a map');
    },
    only(allowed, what) {
      for (const { key, at } of map.entries) {
        if (!allowed.includes(key))
          reporter.problem(
            at,
            `unknown key ${shown(key)} in ${what}; allowed are ${oneOf(allowed)}`,
            didYouMean(key, allowed),
          );
      }
    },
  };
  return self;
};
