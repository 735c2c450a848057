import { describe, expect, it } from 'vitest';
import { createMemoryLog } from './lines.ts';

// oxlint-disable-next-line eslint/no-control-regex -- these are the characters it is about
const STEERING = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
const now = () => Date.UTC(2026, 0, 2, 3, 4, 5, 6);

describe('createLog', () => {
  it('writes one JSON object a line: level as text, time in ISO 8601, event, fields', async () => {
    const { log, text } = createMemoryLog({ now });
    log.info('poll.completed', { account: 'default', fresh: 3, duration_ms: 12.5 });
    log.debug('monitor.stopped');
    expect(await text()).toBe(
      '{"level":"info","time":"2026-01-02T03:04:05.006Z","event":"poll.completed","account":"default","fresh":3,"duration_ms":12.5}\n' +
        '{"level":"debug","time":"2026-01-02T03:04:05.006Z","event":"monitor.stopped"}\n',
    );
  });

  it('leaves out what is below its level', async () => {
    const { log, lines } = createMemoryLog({ level: 'warn' });
    log.debug('api.retry');
    log.info('api.retry');
    log.warn('api.retry');
    log.error('api.retry');
    expect((await lines()).map((line) => line['level'])).toEqual(['warn', 'error']);
    const silent = createMemoryLog({ level: 'silent' });
    silent.log.error('monitor.failed');
    expect(await silent.text()).toBe('');
  });

  it('writes errors as their text with causes, also inside lists and objects', async () => {
    const { log, lines } = createMemoryLog({});
    const error = new Error('reading failed', { cause: new Error('connect ECONNREFUSED') });
    log.error('poll.failed', { error, all: [error, 'x'], by: { slack: error } });
    const told = 'reading failed: connect ECONNREFUSED';
    expect((await lines())[0]).toMatchObject({ error: told, all: [told, 'x'], by: { slack: told } });
  });

  it('lets no field pose as the head of a line', async () => {
    const { log, text, lines } = createMemoryLog({ now });
    log.info('audit.event', { time: '1970', level: 'error', event: 'monitor.stopped', ['__proto__']: 'p' });
    expect(await text()).toBe(
      '{"level":"info","time":"2026-01-02T03:04:05.006Z","event":"audit.event","time_":"1970","level_":"error","event_":"monitor.stopped","__proto__":"p"}\n',
    );
    expect((await lines())[0]).toMatchObject({ event: 'audit.event' });
  });

  it('survives values that cannot be written', async () => {
    const { log, lines } = createMemoryLog({});
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    let deep: unknown = 1;
    for (let i = 0; i < 200_000; i++) deep = [deep];
    const hostile = {
      get trap(): never {
        throw new Error('trapped');
      },
    };
    log.info('audit.event', { circle, deep, big: 10n, not: Number.NaN, none: undefined });
    log.info('audit.event', { hostile });
    log.info('audit.event', hostile);
    const written = await lines();
    expect(written).toHaveLength(3);
    expect(written[0]).toMatchObject({ event: 'audit.event', circle: { self: '[Circular]' }, not: null });
    expect(written[2]).toMatchObject({ event: 'audit.event', unloggable: 'trapped' });
  });

  it('writes a whole event with its depth and all its members', async () => {
    const { log, lines } = createMemoryLog({});
    const wide = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`k${i}`, i]));
    const deep = { a: { b: { c: { d: { e: { f: { g: 'h' } } } } } } };
    log.info('audit.event', { wide, deep });
    expect((await lines())[0]).toMatchObject({ wide, deep });
  });

  it('keeps every character that can steer a terminal out of the text, and its meaning in the JSON', async () => {
    const nasty = 'a\u001b[2J\u009b31m\u007f\r\n\u202egnp.exe\u2028\u2066\u200e';
    const { log, text, lines } = createMemoryLog({});
    log.info('audit.event', { nasty, [nasty]: [nasty] });
    expect(await text()).not.toMatch(STEERING);
    expect((await text()).split('\n')).toHaveLength(2);
    expect((await lines())[0]).toMatchObject({ nasty, [nasty]: [nasty] });
  });
});

describe('createLog for people', () => {
  it('writes one readable line each', async () => {
    const { log, text } = createMemoryLog({ pretty: true, now });
    log.info('poll.completed', { account: 'default', fresh: 3, note: 'two words', ids: ['a'], at: null });
    log.error('poll.failed', { error: new Error('no route to host') });
    expect(await text()).toMatch(
      /^\[\d\d:\d4:05\] INFO: poll.completed account=default fresh=3 note="two words" ids=\["a"\] at=null\n\[\d\d:\d4:05\] ERROR: poll.failed error="no route to host"\n$/,
    );
  });

  it('shows steering characters instead of sending them', async () => {
    const { log, text } = createMemoryLog({ pretty: true });
    log.info('audit.event', { user: 'x\u001b[2J\u009b1m\r\nERROR: forged\u202e', ['k\u009b']: '\u0007' });
    const line = await text();
    expect(line).toContain('user="x\\u001b[2J\\u009b1m\\u000d\\u000aERROR: forged\\u202e"');
    expect(line).toContain('k\\u009b="\\u0007"');
    expect(line.trimEnd()).not.toMatch(STEERING);
  });

  it('is as safe with secrets', async () => {
    const { log, text } = createMemoryLog({ pretty: true, secrets: ['hunter2-hunter2'] });
    log.info('api.retry', { error: new Error('GET https://k:hunter2-hunter2@host/') });
    expect(await text()).not.toContain('hunter2');
    expect(await text()).toContain('[redacted]');
  });

  it('colours only when told or on a terminal', async () => {
    const plain = createMemoryLog({ pretty: true });
    const coloured = createMemoryLog({ pretty: true, colour: true });
    for (const { log } of [plain, coloured]) log.info('poll.completed', { account: 'a' });
    expect(await plain.text()).not.toContain('\u001b');
    expect(await coloured.text()).toContain('\u001b[');
  });
});
