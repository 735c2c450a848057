import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { watchSources } from '../../src/app/watch-sources.ts';
import { sourcesState } from '../../src/config/sources.ts';

let folder: string;
let config: string;
let rules: string;
let stop: AbortController;
let ended: Promise<void>;
let reloads: number;
let on: boolean;
let sources: readonly string[];
let seen: string;

beforeEach(() => {
  vi.useFakeTimers();
  folder = mkdtempSync(join(tmpdir(), 'vonage-audit-monitor-watch-'));
  config = join(folder, 'monitor.yml');
  rules = join(folder, 'rules');
  mkdirSync(join(rules, 'deep'), { recursive: true });
  writeFileSync(config, 'a');
  writeFileSync(join(rules, 'one.yml'), 'b');
  sources = [config, rules];
  seen = sourcesState(sources);
  stop = new AbortController();
  reloads = 0;
  on = true;
  ended = watchSources(
    {
      sources: () => sources,
      seen: () => seen,
      isOn: () => on,
      async reload() {
        reloads += 1;
        seen = sourcesState(sources);
      },
    },
    stop.signal,
  );
});
afterEach(async () => {
  stop.abort();
  await ended;
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

const seconds = (count: number): Promise<unknown> => vi.advanceTimersByTimeAsync(count * 1_000);

describe('watching what the configuration was read from', () => {
  it.each<[string, () => void]>([
    ['the configuration is written anew', () => writeFileSync(config, 'aa')],
    ['a rule is changed', () => writeFileSync(join(rules, 'one.yml'), 'bb')],
    ['a rule is new', () => writeFileSync(join(rules, 'two.yaml'), 'c')],
    ['a rule is new, deep below', () => writeFileSync(join(rules, 'deep', 'two.yml'), 'c')],
    ['a rule is gone', () => rmSync(join(rules, 'one.yml'))],
    [
      'a file takes its place, of the same size',
      () => {
        writeFileSync(join(folder, 'other'), 'z');
        renameSync(join(folder, 'other'), config);
      },
    ],
    ['a rule has another name', () => renameSync(join(rules, 'one.yml'), join(rules, 'uno.yml'))],
    [
      'a link takes its place',
      () => {
        writeFileSync(join(folder, 'other'), 'a');
        rmSync(config);
        symlinkSync('other', config);
      },
    ],
  ])('%s: once, when two looks agree', async (_, change) => {
    await seconds(5);
    expect(reloads).toBe(0);
    change();
    await seconds(1);
    expect(reloads).toBe(0);
    await seconds(1);
    expect(reloads).toBe(1);
    await seconds(60);
    expect(reloads).toBe(1);
  });

  it('what is no rule is nobody’s concern', async () => {
    writeFileSync(join(rules, 'notes.txt'), 'x');
    writeFileSync(join(rules, '.hidden.yml'), 'x');
    mkdirSync(join(rules, 'empty'));
    await seconds(10);
    expect(reloads).toBe(0);
  });

  it('what somebody else has had read is not read again', async () => {
    await seconds(5);
    writeFileSync(config, 'aa');
    seen = sourcesState(sources);
    await seconds(10);
    expect(reloads).toBe(0);
  });

  it('waits while files are being written', async () => {
    for (let part = 0; part < 10; part += 1) {
      writeFileSync(config, 'a'.repeat(part + 2));
      await seconds(1);
    }
    expect(reloads).toBe(0);
    await seconds(1);
    expect(reloads).toBe(1);
  });

  it('a configuration that is gone for a moment is no change; one that stays away is', async () => {
    const there = join(folder, 'aside');
    renameSync(config, there);
    await seconds(8);
    renameSync(there, config);
    await seconds(20);
    // A renaming leaves its trace in the file: it is read again, once, and is there.
    expect(reloads).toBe(1);
    rmSync(config);
    await seconds(9);
    expect(reloads).toBe(1);
    await seconds(3);
    expect(reloads).toBe(2);
    writeFileSync(config, 'a');
    await seconds(2);
    expect(reloads).toBe(3);
  });

  it('other files from the next configuration on are watched in their place, and are no change by themselves', async () => {
    const list = join(folder, 'list.txt');
    writeFileSync(list, 'x');
    sources = [config, list];
    seen = sourcesState(sources);
    await seconds(10);
    expect(reloads).toBe(0);
    writeFileSync(join(rules, 'one.yml'), 'no longer of interest');
    await seconds(10);
    expect(reloads).toBe(0);
    writeFileSync(list, 'xy');
    await seconds(2);
    expect(reloads).toBe(1);
  });

  it('is silent while it is off, and tells afterwards', async () => {
    on = false;
    writeFileSync(config, 'aa');
    await seconds(10);
    expect(reloads).toBe(0);
    on = true;
    await seconds(2);
    expect(reloads).toBe(1);
  });

  it('follows a link that leads in a circle only once', () => {
    symlinkSync(rules, join(rules, 'deep', 'circle'));
    expect(sourcesState([rules]).match(/one\.yml/g)).toHaveLength(1);
  });
});
