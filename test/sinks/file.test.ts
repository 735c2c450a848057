import { execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Alert } from '../../src/core/alert.ts';
import type { FedEvent, Sink, Verdict } from '../../src/core/delivery.ts';
import { fileSink } from '../../src/sinks/file.ts';
import type { SinkDeps } from '../../src/sinks/sink-type.ts';
import { sinkContract, textOf } from './contract.ts';
import { fedEvent } from './fed-events.ts';
import { sampleAlert, sampleDelivery, sampleDeps } from './sample.ts';

const never = new AbortController().signal;
const CHILD = fileURLToPath(new URL('file-child.ts', import.meta.url));

const linesOf = (path: string): readonly string[] => {
  const text = readFileSync(path, 'utf8');
  expect(text === '' || text.endsWith('\n')).toBe(true);
  return text.split('\n').slice(0, -1);
};
const parsed = (path: string): readonly Record<string, unknown>[] =>
  linesOf(path).map((line) => JSON.parse(line) as Record<string, unknown>);

const inspect = (path: string, alert: Alert): void => {
  expect(parsed(path).map(({ id }) => id)).toEqual([alert.id]);
  expect(readFileSync(path, 'utf8').isWellFormed()).toBe(true);
};

sinkContract({
  type: 'file',
  status: undefined,
  secrets: [],
  cases: [],
  open: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'file-sink-'));
    const path = join(folder, 'alerts.ndjson');
    const sink = fileSink.create('sink', fileSink.options.parse({ path }), sampleDeps());
    return {
      sink,
      arrivals: () =>
        existsSync(path)
          ? parsed(path).map((alert) => ({
              identity: String(alert['delivery_id']),
              content: JSON.stringify(alert),
              bytes: readFileSync(path).length,
            }))
          : [],
      inspect: (alert) => inspect(path, alert),
      reached: async () => {},
      disconnected: async () => {},
      close: async () => rmSync(folder, { recursive: true, force: true }),
    };
  },
});

describe('file sink', () => {
  let folder: string;
  let path: string;
  let sinks: Sink[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'file-sink-'));
    path = join(folder, 'audit.ndjson');
  });
  afterEach(async () => {
    for (const sink of sinks.splice(0)) await sink.close();
    sinks = [];
    rmSync(folder, { recursive: true, force: true });
  });

  const open = (settings: Record<string, unknown> = {}, deps: Partial<SinkDeps> = {}): Sink => {
    const sink = fileSink.create('sink', fileSink.options.parse({ path, ...settings }), sampleDeps(deps));
    sinks.push(sink);
    return sink;
  };
  const feed = (sink: Sink, ...events: readonly FedEvent[]): Promise<Verdict> =>
    sink.sendEvents?.(events, never) ?? expect.fail('takes no events');
  const give = (sink: Sink, ...ids: readonly string[]): Promise<Verdict> =>
    feed(sink, ...ids.map((id) => fedEvent({ id })));
  const ids = (file = path): readonly unknown[] => parsed(file).map(({ id }) => id);
  /** Everything else in the folder; rotated files by their time. */
  const others = (): readonly string[] =>
    readdirSync(folder)
      .filter((name) => name !== 'audit.ndjson')
      .sort((a, b) => (a.replace(/\.gz$/, '') < b.replace(/\.gz$/, '') ? -1 : 1));
  /** Housekeeping goes on beside the sends: sends until it has come so far. Answers what was sent. */
  const giveUntil = async (sink: Sink, holds: () => boolean): Promise<readonly string[]> => {
    const given: string[] = [];
    for (let n = 0; n < 1_000 && !holds(); n += 1) {
      given.push(`n${n}`);
      await give(sink, `n${n}`);
    }
    return given;
  };
  /** Text of a rotated file, compressed or not. */
  const textOfRotated = (name: string): string => {
    const bytes = readFileSync(join(folder, name));
    return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
  };

  it('appends one line for each alert and event, readable by its owner only', async () => {
    path = join(folder, 'deep', 'er', 'audit.ndjson');
    const sink = open();
    await sink.send(sampleDelivery(), never);
    expect(textOf(await give(sink, 'a', 'b'))).toBe('2 lines appended to audit.ndjson');
    expect(parsed(path)).toMatchObject([
      { kind: 'rule', id: sampleAlert().id },
      { kind: 'event', id: 'a' },
      { id: 'b' },
    ]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'deep')).mode & 0o777).toBe(0o700);
  });

  it('keeps an event word for word: unknown fields, order, numbers with all their digits', async () => {
    const json =
      '{"id":"a",\r\n "z":12345678901234567890.10,\n "a":"\\ud83d\\ude00 \\ud83d x\\\\ud800","_links":{}}';
    await feed(open(), fedEvent({ id: 'a', json }));
    expect(readFileSync(path, 'utf8')).toBe(
      '{"kind":"event","account":"default","id":"a","event_type":"ACCOUNT_SECRET_CREATE","created_at":"2026-03-01T02:14:07.000Z","seen_at":"2026-03-01T02:14:38.120Z","event":{"id":"a",  "z":12345678901234567890.10,  "a":"\\ud83d\\ude00 \\ufffd x\\\\ud800","_links":{}}}\n',
    );
  });

  it('goes on in the file after a restart', async () => {
    await give(open(), 'a');
    await sinks[0]?.close();
    await give(open(), 'b');
    expect(ids()).toEqual(['a', 'b']);
    expect(others()).toEqual([]);
  });

  it.each([
    ['cuts off a line that a crash tore', '{"id":"a"}\n{"id":"b","kin', ['a', 'new']],
    ['cuts off a torn first line', '{"id":"b","kin', ['new']],
    ['completes a line that lacks only its line feed', '{"id":"a"}\n{"id":"b"}', ['a', 'b', 'new']],
  ])('%s', async (_name, before, expected) => {
    writeFileSync(path, before);
    await give(open(), 'new');
    expect(ids()).toEqual(expected);
  });

  it('leaves text alone that is not its own', async () => {
    writeFileSync(path, '# no line feed');
    await give(open(), 'new');
    expect(readFileSync(path, 'utf8')).toMatch(/^# no line feed\n\{"kind":"event".*\}\n$/);
  });

  it('is whole lines, nothing lost, wherever a crash cut the file off', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 3_000 }), async (cut) => {
        rmSync(path, { force: true });
        const first = open({ fsync: false });
        await give(first, 'a', 'b', 'c');
        await first.close();
        const whole = linesOf(path);
        truncateSync(path, Math.min(cut, statSync(path).size));
        const second = open({ fsync: false });
        const stood = readFileSync(path, 'utf8');
        await give(second, 'new');
        await second.close();
        const lines = linesOf(path);
        // Every line that stood there whole is still there, and nothing but whole lines is.
        const complete = whole.filter(
          (_line, index) => stood.length >= whole.slice(0, index + 1).join('\n').length,
        );
        expect(lines.slice(0, -1)).toEqual(complete);
        expect(ids().at(-1)).toBe('new');
      }),
      { numRuns: 60 },
    );
  });

  describe('rotation', () => {
    it('begins a new file before one would grow beyond its size, and compresses the old one', async () => {
      const sink = open({ max_size: '1KB' });
      for (const id of ['a', 'b', 'c', 'd']) await give(sink, id);
      await sink.close();
      // Closing may come in the middle of compressing; the next life does the rest.
      const again = open({ max_size: 'off' });
      const isTidy = (): boolean => others().every((name) => /Z(\.\d{3})?\.gz$/.test(name));
      const expected = ['a', 'b', 'c', 'd', ...(await giveUntil(again, isTidy))];
      await again.close();
      const rotated = others();
      expect(rotated.length).toBeGreaterThan(1);
      for (const name of rotated)
        expect(name).toMatch(/^audit\.ndjson\.\d{4}-\d\d-\d\dT\d{6}Z(\.\d{3})?(\.gz)?$/);
      const all = `${rotated.map(textOfRotated).join('')}${readFileSync(path, 'utf8')}`;
      expect(
        all
          .split('\n')
          .slice(0, -1)
          .map((line) => (JSON.parse(line) as { id: string }).id),
      ).toEqual(expected);
      for (const name of ['audit.ndjson', ...rotated])
        expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    });

    it('puts a batch that is larger than a file into one of its own, whole', async () => {
      const sink = open({ max_size: '1KB', gzip: false });
      await give(sink, 'a', 'b', 'c', 'd');
      await give(sink, 'e');
      expect(ids()).toEqual(['e']);
      expect(ids(join(folder, others()[0] ?? ''))).toEqual(['a', 'b', 'c', 'd']);
    });

    it.each([
      ['UTC', '2026-03-01T23:59:59Z', '2026-03-01T23:59:59.900Z', 0],
      ['UTC', '2026-03-01T23:59:59Z', '2026-03-02T00:00:00Z', 1],
      ['Asia/Tokyo', '2026-03-01T23:59:59Z', '2026-03-02T00:00:00Z', 0],
      ['Asia/Tokyo', '2026-03-01T14:59:59Z', '2026-03-01T15:00:00Z', 1],
    ])(
      'begins a new file with the first line of a day (%s, %s then %s)',
      async (timezone, before, now, rotated) => {
        await give(open({ timezone, gzip: false }), 'a');
        utimesSync(path, new Date(before), new Date(before));
        await give(sinks[0] as Sink, 'b');
        await sinks[0]?.close();
        rmSync(path);
        for (const name of others()) rmSync(join(folder, name));
        writeFileSync(path, '{"id":"a"}\n');
        utimesSync(path, new Date(before), new Date(before));
        const sink = open({ timezone, gzip: false }, { now: () => Date.parse(now) });
        await give(sink, 'b');
        expect(others()).toHaveLength(rotated);
        expect(ids()).toEqual(rotated === 0 ? ['a', 'b'] : ['b']);
      },
    );

    it('is not done by day where it is told not to', async () => {
      writeFileSync(path, '{"id":"a"}\n');
      utimesSync(path, new Date(0), new Date(0));
      await give(open({ daily: false }), 'b');
      expect(ids()).toEqual(['a', 'b']);
    });

    it('keeps as many as it is told, and nothing is deleted that is not its own', async () => {
      writeFileSync(join(folder, 'audit.ndjson.bak'), 'mine');
      writeFileSync(join(folder, 'other.ndjson.2026-01-01T000000Z'), 'mine');
      for (const day of ['01', '02', '03'])
        writeFileSync(join(folder, `audit.ndjson.2026-01-${day}T000000Z`), `{"id":"${day}"}\n`);
      const sink = open({ keep: 2, gzip: false });
      await giveUntil(sink, () => others().length === 4);
      await sink.close();
      expect(others()).toEqual([
        'audit.ndjson.2026-01-02T000000Z',
        'audit.ndjson.2026-01-03T000000Z',
        'audit.ndjson.bak',
        'other.ndjson.2026-01-01T000000Z',
      ]);
    });

    it('keeps as long as it is told, compressed or not', async () => {
      const now = Date.UTC(2026, 0, 10);
      for (const [name, day] of [
        ['audit.ndjson.2026-01-01T000000Z', 1],
        ['audit.ndjson.2026-01-02T000000Z.gz', 2],
        ['audit.ndjson.2026-01-09T000000Z', 9],
      ] as const) {
        writeFileSync(join(folder, name), gzipSync('{}\n'));
        const at = new Date(Date.UTC(2026, 0, day));
        utimesSync(join(folder, name), at, at);
      }
      const sink = open({ keep_for: '2d', gzip: false, daily: false }, { now: () => now });
      await giveUntil(sink, () => others().length === 1);
      await sink.close();
      expect(others()).toEqual(['audit.ndjson.2026-01-09T000000Z']);
    });

    it('finishes what a crash cut off while compressing', async () => {
      const old = join(folder, 'audit.ndjson.2026-01-01T000000Z');
      writeFileSync(old, '{"id":"old"}\n');
      writeFileSync(`${old}.gz.tmp`, gzipSync('{"id":"ol').subarray(0, 12));
      const sink = open();
      await give(sink, 'a');
      await giveUntil(sink, () => !existsSync(old));
      await sink.close();
      expect(others()).toEqual(['audit.ndjson.2026-01-01T000000Z.gz']);
      expect(textOfRotated('audit.ndjson.2026-01-01T000000Z.gz')).toBe('{"id":"old"}\n');
    });

    it('says so when rotated files cannot be put in order, and goes on', async () => {
      const old = 'audit.ndjson.2026-01-01T000000Z';
      mkdirSync(join(folder, `${old}.gz`, 'in the way'), { recursive: true });
      writeFileSync(join(folder, old), '{}\n');
      const sink = open();
      await give(sink, 'a');
      let receipt = '';
      for (let n = 0; n < 500 && !receipt.includes(';'); n += 1) receipt = textOf(await give(sink, `n${n}`));
      expect(receipt).toMatch(/^1 line appended to audit\.ndjson; rotated files are not in order: E/);
    });
  });

  describe('somebody else who rotates', () => {
    it('may move the file away: the next line opens a new one', async () => {
      const sink = open();
      await give(sink, 'a');
      renameSync(path, `${path}.1`);
      await give(sink, 'b');
      renameSync(path, `${path}.2`);
      writeFileSync(path, '');
      await give(sink, 'c');
      expect([ids(`${path}.1`), ids(`${path}.2`), ids()]).toEqual([['a'], ['b'], ['c']]);
    });

    it('may copy and empty it', async () => {
      const sink = open();
      await give(sink, 'a');
      copyFileSync(path, `${path}.1`);
      truncateSync(path);
      await give(sink, 'b');
      expect([ids(`${path}.1`), ids()]).toEqual([['a'], ['b']]);
    });

    it('may write lines of their own', async () => {
      const sink = open();
      await give(sink, 'a');
      appendFileSync(path, '{"id":"theirs"}\n');
      await give(sink, 'b');
      expect(ids()).toEqual(['a', 'theirs', 'b']);
    });
  });

  it('takes alerts and events at once without mixing lines', async () => {
    const sink = open();
    await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        n % 2 === 0
          ? give(sink, `a${n}`, `b${n}`)
          : sink.send(sampleDelivery(sampleAlert({ id: `alert${n}` })), never),
      ),
    );
    expect(ids()).toHaveLength(30);
  });

  it('answers retry while the disk is full, leaves no part of a line, and goes on when there is space', async () => {
    const child = spawn('sh', ['-c', 'ulimit -S -f 40; exec "$@"', 'sh', process.execPath, CHILD, path], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const ended = new Promise((resolve) => child.on('close', resolve));
    const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const ask = async (id: string): Promise<Verdict> => {
      child.stdin.write(`${id}\n`);
      return JSON.parse(String((await answers.next()).value)) as Verdict;
    };
    const taken: string[] = [];
    let verdict: Verdict = { outcome: 'sent', receipt: '' };
    for (let n = 0; n < 100; n += 1) {
      verdict = await ask(`e${n}`);
      if (verdict.outcome !== 'sent') break;
      taken.push(`e${n}`);
    }
    expect(verdict).toMatchObject({
      outcome: 'retry',
      reason: expect.stringMatching(/^audit\.ndjson: .*EFBIG/),
    });
    expect(taken.length).toBeGreaterThan(3);
    expect(ids()).toEqual(taken);
    execFileSync('prlimit', ['--pid', String(child.pid), '--fsize=unlimited']);
    expect((await ask('late')).outcome).toBe('sent');
    child.stdin.end();
    await ended;
    expect(ids()).toEqual([...taken, 'late']);
  });

  it('answers retry while the place cannot be written, and rejects what is no file', async () => {
    mkdirSync(path);
    expect(await give(open(), 'a')).toMatchObject({
      outcome: 'retry',
      reason: expect.stringMatching(/EISDIR/),
    });
    rmSync(path, { recursive: true });
    execFileSync('mkfifo', [path]);
    expect(await give(open(), 'a')).toEqual({
      outcome: 'rejected',
      reason: expect.stringMatching(/is no regular file/),
    });
  });

  it('names no file by what is in an event', async () => {
    await feed(open(), fedEvent({ account: '../../etc', eventType: '/etc/passwd', id: '../x' }));
    expect(readdirSync(folder)).toEqual(['audit.ndjson']);
  });

  it.each([
    [{ path: '' }],
    [{ path: 'a/' }],
    [{ path: 'a', max_size: '100' }],
    [{ path: 'a', max_size: '0MB' }],
    [{ path: 'a', keep: 0 }],
    [{ path: 'a', keep_for: '5m' }],
    [{ path: 'a', timezone: '+01:00' }],
    [{ path: 'a', format: 'cef' }],
  ])('%j is refused', (settings) => {
    expect(fileSink.options.safeParse(settings).success).toBe(false);
  });
});
