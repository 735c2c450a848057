import type { Json } from '../base/json.ts';

/*
 * YAML with places. Everything is read with the failsafe schema, so a scalar keeps its source text: `+447700900123`
 * and `0044…` stay what was written, and only we decide what is a number.
 */

export interface Scalar {
  readonly kind: 'scalar';
  readonly at: number;
  /** As written, quotes and escapes resolved. */
  readonly text: string;
  /** By the core schema of YAML 1.2, except that only canonical decimal numbers are numbers. */
  readonly type: 'null' | 'bool' | 'number' | 'string';
  readonly quoted: boolean;
  /** Where the text begins after `at` when it stands in the file unchanged; -1 when it was folded or escaped. */
  readonly lead: number;
  readonly size: 1;
  readonly height: 0;
}

export interface List {
  readonly kind: 'list';
  readonly at: number;
  readonly items: readonly Node[];
  /** How many values it expands to. */
  readonly size: number;
  /** How many levels are below it. */
  readonly height: number;
}

export interface Entry {
  readonly key: string;
  readonly at: number;
  readonly value: Node;
}

export interface Mapping {
  readonly kind: 'map';
  readonly at: number;
  readonly entries: readonly Entry[];
  readonly size: number;
  readonly height: number;
}

export type Node = Scalar | List | Mapping;

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/;
const NULLS = new Set(['', '~', 'null', 'Null', 'NULL']);
const BOOLEANS = new Set(['true', 'True', 'TRUE', 'false', 'False', 'FALSE']);

/** The type of a scalar that is written without quotes. */
export const scalarType = (text: string): Scalar['type'] => {
  if (NULLS.has(text)) return 'null';
  if (BOOLEANS.has(text)) return 'bool';
  return NUMBER.test(text) ? 'number' : 'string';
};

/** The place of a character of a scalar in the file; the scalar's own place when it was folded or escaped. */
export const placeIn = (scalar: Scalar, offset: number): number =>
  scalar.lead < 0 ? scalar.at : scalar.at + scalar.lead + offset;

/** The entry of a map, or undefined. */
export const entry = (map: Mapping, key: string): Entry | undefined =>
  map.entries.find((candidate) => candidate.key === key);

/** A node as JSON, for rule tests and identities. Numbers past 2^53 stay texts. */
export const toJson = (node: Node): Json => {
  if (node.kind === 'list') return node.items.map(toJson);
  if (node.kind === 'map') {
    const pairs = node.entries.map(({ key, value }): [string, Json] => [key, toJson(value)]);
    return Object.fromEntries(pairs);
  }
  switch (node.type) {
    case 'null':
      return null;
    case 'bool':
      return node.text.toLowerCase() === 'true';
    case 'number': {
      const value = Number(node.text);
      return Number.isSafeInteger(value) || !/^-?\d+$/.test(node.text) ? value : node.text;
    }
    case 'string':
      break;
  }
  return node.text;
};
