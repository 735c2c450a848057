import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/base/json.ts';
import type { CompileOptions } from '../../src/rules/compile.ts';
import { holds } from '../support/rules.ts';

interface Case {
  readonly item: string;
  readonly event: JsonObject;
  readonly expected: boolean;
  readonly options?: CompileOptions;
}

const table = (
  cases: readonly (readonly [item: string, event: JsonObject, expected: boolean, options?: CompileOptions])[],
): Case[] =>
  cases.map(([item, event, expected, options]) => ({ item, event, expected, ...(options && { options }) }));

const utf16le = (text: string): string => Buffer.from(text, 'utf16le').toString('base64');
const lists = { lists: { bots: ['bot-*', 'ci'], none: [], nets: ['10.0.0.0/8'], dots: ['a.b'] } };

describe('texts', () => {
  it.each(
    table([
      ['a: ABC', { a: 'abc' }, true],
      ["a: 'a*c'", { a: 'ABBC' }, true],
      ["a: 'a?c'", { a: 'a😀c' }, true],
      [String.raw`a: 'a\*c'`, { a: 'abc' }, false],
      [String.raw`a: 'a\*c'`, { a: 'a*c' }, true],
      [String.raw`a: 'a\\*'`, { a: String.raw`a\b` }, true],
      [String.raw`a: 'C:\dir'`, { a: String.raw`c:\DIR` }, true],
      ['a|contains: b', { a: 'ABC' }, true],
      ["a|contains: 'a*c'", { a: 'xxabbcxx' }, true],
      ['a|startswith: [x, ab]', { a: 'ABC' }, true],
      ['a|startswith: bc', { a: 'ABC' }, false],
      ['a|endswith: bc', { a: 'ABC' }, true],
      ['a|contains|all: [a, c]', { a: 'abc' }, true],
      ['a|contains|all: [a, d]', { a: 'abc' }, false],
      ['a|cased: Abc', { a: 'abc' }, false],
      ['a|contains|cased: Ab', { a: 'xAbc' }, true],
      ['a|contains|neq: [x, b]', { a: 'abc' }, false],
      ['a|contains|all|neq: [a, x]', { a: 'abc' }, true],
      ['a|contains: ΟΔΟΣ', { a: 'ΟΔΟΣΑ' }, true],
    ]),
  )('$item on $event: $expected', ({ item, event, expected }) => {
    expect(holds(`s: {${item}}\ncondition: s`, event)).toBe(expected);
  });
});

describe('numbers, networks, fields, expressions', () => {
  it.each(
    table([
      ['a|gt: 5', { a: 6 }, true],
      ['a|gte: 5', { a: '5' }, true],
      ['a|lt: 5', { a: 'x' }, false],
      ['a|lte: 5.5', { a: 5.5 }, true],
      ['a|gt: 9007199254740992', { a: '9007199254740993' }, true],
      ['a|gt: 9007199254740993', { a: '9007199254740993' }, false],
      ['a|gt: 5', { a: true }, false],
      ['a|gt|neq: 5', {}, true],
      ['a|cidr: 10.0.0.0/8', { a: '10.1.2.3' }, true],
      ['a|cidr: 10.0.0.0/8', { a: '11.1.2.3' }, false],
      ['a|cidr: [192.168.0.0/23, 10.0.0.1]', { a: '192.168.1.255' }, true],
      ["a|cidr: '2001:db8::/33'", { a: '2001:db8:7fff::1' }, true],
      ["a|cidr: '2001:db8::/33'", { a: '2001:db8:8000::1' }, false],
      ['a|cidr: 10.0.0.0/8', { a: '::ffff:10.1.1.1' }, true],
      ['a|cidr: 0.0.0.0/0', { a: 'no address' }, false],
      ['a|cidr|neq: 10.0.0.0/8', { a: '11.1.1.1' }, true],
      ['a|fieldref: b', { a: 'X', b: 'x' }, true],
      ['a|fieldref: b', { a: 'x' }, false],
      ['a|fieldref|neq: b', { a: 'x' }, true],
      ['a|fieldref|endswith: b.c', { a: 'me@corp', b: { c: '@CORP' } }, true],
      ['a|fieldref|cased: b', { a: 'X', b: 'x' }, false],
      ["a|re: '^a.c$'", { a: 'abc' }, true],
      ["a|re|startswith: 'b'", { a: 'abc' }, false],
      ["a|re|i|m: '^B$'", { a: 'a\nb' }, true],
      ["a|re: ['x', 'b']", { a: 'abc' }, true],
    ]),
  )('$item on $event: $expected', ({ item, event, expected }) => {
    expect(holds(`s: {${item}}\ncondition: s`, event)).toBe(expected);
  });
});

describe('transformations', () => {
  it.each(
    table([
      ['a|base64: foobar', { a: btoa('foobar') }, true],
      ['a|base64|contains: foobar', { a: `x${btoa('foobar')}y` }, true],
      ['a|wide|base64: foo', { a: utf16le('foo') }, true],
      ['a|utf16le|base64offset|contains: secret', { a: utf16le('my secret thing') }, true],
      ['a|utf16be|base64: foo', { a: btoa('\0f\0o\0o') }, true],
      ['a|utf16|base64: f', { a: btoa('\u00ff\u00fef\0') }, true],
      ['a|windash|contains: " -f "', { a: 'x /f y' }, true],
      ['a|contains|windash: " -f "', { a: 'x \u2013f y' }, true],
      ['a|contains|all|windash: [-f, -g]', { a: '/f /g' }, true],
      ["a|expand: '%bots%'", { a: 'BOT-7' }, true, lists],
      ["a|expand: '%bots%'", { a: 'me' }, false, lists],
      ["a|expand|endswith: 'x-%bots%'", { a: 'y-x-ci' }, true, lists],
      ["a|expand: '%none%'", { a: '' }, false, lists],
      ["a|cidr|expand: '%nets%'", { a: '10.9.9.9' }, true, lists],
      ["a|re|expand: '^%dots%$'", { a: 'axb' }, false, lists],
      ["a|re|expand: '^%dots%$'", { a: 'a.b' }, true, lists],
      [String.raw`a|expand: '\%bots\% %bots%'`, { a: '%bots% ci' }, true, lists],
      ["a: '%bots%'", { a: '%bots%' }, true, lists],
    ]),
  )('$item on $event: $expected', ({ item, event, expected, options }) => {
    expect(holds(`s: {${item}}\ncondition: s`, event, options)).toBe(expected);
  });

  it.each([0, 1, 2, 3, 4, 5])('base64offset finds the text %i bytes into what was encoded', (offset) => {
    const event = { a: btoa(`${'#'.repeat(offset)}needle in it`) };
    expect(holds('s: {a|base64offset|contains: needle}\ncondition: s', event)).toBe(true);
    expect(holds('s: {a|base64offset|contains: noodle}\ncondition: s', event)).toBe(false);
  });
});

describe('selections and conditions', () => {
  const event = { a: 'x', b: 'y' };
  it.each([
    ['s: [{a: x}, {b: z}]\ncondition: s', true],
    ['s: [{a: q}, {b: z}]\ncondition: s', false],
    ['s: [{a: q}, y]\ncondition: s', true],
    ['s: y\ncondition: s', true],
    ["s: {'|re': '^y$'}\ncondition: s", true],
    ['s: {a: x}\nt: {b: q}\ncondition: [t, s]', true],
    ['s: {a: x}\nt: {b: q}\ncondition: all of them', false],
    ['s: {a: x}\n_t: {b: q}\ncondition: all of them', true],
    ['s: {a: x}\n_t: {b: q}\ncondition: 1 of _*', false],
    ['sel_a: {a: x}\nsel_b: {b: q}\ncondition: 1 of sel_* and not all of sel_*', true],
    ['sel_a: {a: x}\nsel_b: {b: q}\ncondition: any of *_a', true],
    ['s: {a: x}\nt: {b: y}\ncondition: |\n  s\n  and t', true],
  ])('%j', (detection, expected) => {
    expect(holds(detection, event)).toBe(expected);
  });
});
