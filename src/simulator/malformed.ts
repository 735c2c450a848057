import type { MalformedKind } from './faults.ts';

/** What a mangling starts from: an event as it would have been served. */
type Mangle = (json: string) => string;

/** Sets members of the event's JSON, or takes away those given as undefined. */
const change =
  (members: Readonly<Record<string, unknown>>): Mangle =>
  (json) =>
    JSON.stringify({ ...(JSON.parse(json) as object), ...members });

/** Writes JSON that no `JSON.stringify` would write in place of the context. */
const context =
  (text: string): Mangle =>
  (json) =>
    change({ context: '@@' })(json).replace('"@@"', () => text);

const BIG = 5_000_000;
const DEPTH = 2_000;

/**
 * Every kind as a text that takes the place of an event in a page; the page stays valid JSON. Most are no event at all
 * by the contract; from `future-date` on, except `text-context`, they are events with content that breaks careless code.
 */
export const MALFORMED: Readonly<Record<MalformedKind, Mangle>> = {
  null: () => 'null',
  text: () => '"an event would have been expected here"',
  number: () => '42',
  array: (json) => `[${json}]`,
  'empty-object': () => '{}',
  'no-id': change({ id: undefined }),
  'empty-id': change({ id: '' }),
  'numeric-id': change({ id: 12_345 }),
  'no-date': change({ created_at: undefined }),
  'bad-date': change({ created_at: '2026-02-31T25:61:00' }),
  'numeric-date': change({ created_at: 1_534_155_331 }),
  'no-type': change({ event_type: undefined }),
  'text-context': change({ context: 'not an object' }),
  'future-date': change({ created_at: '2999-12-31T23:59:59' }),
  deep: context(`${'{"deeper":'.repeat(DEPTH)}1${'}'.repeat(DEPTH)}`),
  proto: context('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'),
  'lone-surrogate': context('{"name":"half a pair: \\ud83d","key\\udc00":1}'),
  nul: context('{"name":"before\\u0000after"}'),
  'big-context': context(`{"filler":"${'x'.repeat(BIG)}"}`),
  'big-integer': context('{"balance":12345678901234567890123}'),
};

/** All kinds, in the order of the table. */
export const MALFORMED_KINDS = Object.keys(MALFORMED) as readonly MalformedKind[];
