import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EventQuery } from '../../src/core/history.ts';
import { everyItem } from '../../src/core/paging.ts';
import type { Store } from '../../src/core/store.ts';
import { openStore } from '../../src/store/open-store.ts';
import { mountVolume } from '../support/volume.ts';
import { allOf } from './fixtures.ts';

const CHILD = fileURLToPath(new URL('child.ts', import.meta.url));

interface Child {
  readonly process: ChildProcess;
  /** The next line it prints; undefined after its end. */
  line(): Promise<string | undefined>;
  readonly ended: Promise<unknown>;
}

let folder = '';
let path = '';
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vam-processes-'));
  path = join(folder, 'monitor.db');
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }
  rmSync(folder, { recursive: true, force: true });
});

/** Starts child.ts with this Node; `limits` is a line of shell that runs before it in the same process. */
const start = (args: readonly string[], limits = ''): Child => {
  const node = [process.execPath, CHILD, ...args];
  const child = limits
    ? spawn('sh', ['-c', `${limits}; exec "$0" "$@"`, ...node], { stdio: ['pipe', 'pipe', 'inherit'] })
    : spawn(process.execPath, node.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    process: child,
    line: async () => {
      const next = await lines.next();
      return next.done ? undefined : next.value;
    },
    ended: new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code))),
  };
};

const reopen = async <T>(work: (store: Store) => Promise<T>): Promise<T> => {
  const store = openStore({ path, now: Date.now });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
};
const storedIds = () =>
  reopen(async ({ history }) =>
    (await allOf(everyItem((query: EventQuery) => history.events(query), {}))).map(({ id }) => id),
  );

describe('several processes on one file', () => {
  it('lets one work and the other stand by until its lease expires, and fences a sleeper', async () => {
    const first = start(['work', path, 'first']);
    expect(await first.line()).toBe('holds 1');
    const second = start(['work', path, 'second']);
    expect(await second.line()).toBe('waits for first');
    first.process.stdin?.write('a\n');
    expect(await first.line()).toBe('stored a');
    // The first makes its lease a short one and never renews it: it is as good as suspended from then on.
    first.process.stdin?.write('expire\n');
    expect(await second.line()).toBe('holds 2');
    first.process.stdin?.write('b\n');
    expect(await first.line()).toMatch(/^refused b: LeaseLostError: .* second holds it with token 2$/);
    second.process.stdin?.write('c\n');
    expect(await second.line()).toBe('stored c');
    expect(await storedIds()).toEqual(['a', 'c']);
  });

  it('can all be the first to open a new file', async () => {
    const all = Array.from({ length: 3 }, () => start(['race', path, '15']));
    for (const child of all) expect(await child.line()).toBe('ready');
    for (const child of all) child.process.stdin?.end('go\n');
    expect(await Promise.all(all.map((child) => child.line()))).toEqual(all.map(() => 'opened all'));
  });
});

describe('a process killed inside a transaction', () => {
  it('leaves what was committed before and nothing of the rest', async () => {
    const child = start(['crash', path]);
    expect(await child.line()).toBe('inside with 5000');
    // Some of the open transaction is on the disk already: that is what must not count.
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(1_000_000);
    child.process.kill('SIGKILL');
    expect(await child.ended).toBe('SIGKILL');
    const ids = await storedIds();
    expect(ids).toHaveLength(50);
    expect(ids.every((id) => id.startsWith('before'))).toBe(true);
    await reopen(async ({ collect, status, history }) => {
      expect(await collect.ruleState('default')).toEqual(new Map([['k', 'before']]));
      expect(await status.totals()).toMatchObject({ events: 50, alerts: 1 });
      expect((await history.windows({})).items).toHaveLength(1);
    });
  });
});

describe('a place that cannot be written', () => {
  it('is refused as read-only with the file and what to do', async () => {
    await reopen(async () => undefined);
    const elsewhere = join(folder, 'writable');
    mkdirSync(elsewhere);
    chmodSync(folder, 0o555);
    chmodSync(path, 0o444);
    const child = start(['readonly', path, join(elsewhere, 'other.db')]);
    expect(await child.line()).toMatch(
      /^StoreError readonly: .*monitor\.db.*SQLITE_READONLY.* mount its volume/,
    );
    expect(await child.ended).toBe(1);
  });

  it('is refused as read-only when only the file is, though nothing had to be written to open it', async () => {
    await reopen(async () => undefined);
    chmodSync(folder, 0o777);
    chmodSync(path, 0o444);
    const child = start(['readonly', path, join(folder, 'other.db')]);
    expect(await child.line()).toMatch(/^StoreError readonly: .*monitor\.db.*SQLITE_READONLY/);
  });

  it('is refused when its directory cannot be made there', async () => {
    chmodSync(folder, 0o555);
    const elsewhere = mkdtempSync(join(tmpdir(), 'vam-writable-'));
    try {
      const child = start(['readonly', join(folder, 'new', 'monitor.db'), join(elsewhere, 'other.db')]);
      expect(await child.line()).toMatch(/^StoreError readonly: .*EACCES.* mkdir/);
    } finally {
      rmSync(elsewhere, { recursive: true, force: true });
    }
  });

  it('that fills up loses the window it was writing and nothing else, and is not writable any more', async () => {
    // A limit on the size of files refuses writes in the kernel, as a quota does.
    const child = start(['fill', path], 'ulimit -f 20480');
    const stored = Number(/^stored (\d+)$/.exec((await child.line()) ?? '')?.[1]);
    expect(stored).toBeGreaterThan(5);
    expect(await child.line()).toMatch(/^probe StoreError (io|full): .*monitor\.db/);
    expect(await child.line()).toMatch(/^StoreError (io|full): .*monitor\.db.* disk/);
    expect(await child.ended).toBe(1);
    expect(await storedIds()).toHaveLength(stored * 20);
    await reopen(async ({ status, history }) => {
      await status.probe();
      expect(await status.totals()).toMatchObject({ events: stored * 20 });
      expect((await history.windows({ limit: 1_000 })).items).toHaveLength(stored);
    });
  });

  it('a full volume loses the window it was writing and nothing else, and goes on once there is space', async () => {
    // Where no file system can be mounted, a limit on the size of files stands for a full one.
    const place = join(folder, 'volume');
    const volume = mountVolume(place, 8);
    try {
      path = join(place, 'monitor.db');
      const child = start(['fill', path], volume ? '' : 'ulimit -f 16384');
      const stored = Number(/^stored (\d+)$/.exec((await child.line()) ?? '')?.[1]);
      expect(stored).toBeGreaterThan(3);
      expect(await child.line()).toMatch(/^probe StoreError (io|full): .*monitor\.db/);
      expect(await child.line()).toMatch(/^StoreError (io|full): .*monitor\.db.* disk/);
      expect(await child.ended).toBe(1);
      // Full to the last byte, it can be opened or says the same again; either way nothing of it is lost.
      const opened = await reopen(async () => 'opened').catch((error: unknown) => String(error));
      expect(opened).toMatch(/^opened$|disk/);
      volume?.grow(64);
      expect(await storedIds()).toHaveLength(stored * 20);
      await reopen(async ({ status }) => {
        await status.probe();
        expect(await status.totals()).toMatchObject({ events: stored * 20 });
      });
    } finally {
      volume?.remove();
    }
  });

  it('a volume that is mounted read-only is refused with what to do, also by root', async () => {
    const place = join(folder, 'volume');
    const volume = mountVolume(place, 8);
    try {
      path = join(place, 'monitor.db');
      await reopen(async () => undefined);
      const elsewhere = join(folder, 'writable');
      mkdirSync(elsewhere);
      if (volume) volume.makeReadOnly();
      else chmodSync(place, 0o555);
      if (!volume) chmodSync(path, 0o444);
      const child = start(['readonly', path, join(elsewhere, 'other.db'), volume ? 'as-it-is' : '']);
      expect(await child.line()).toMatch(/^StoreError readonly: .*monitor\.db.* mount its volume writable/);
      expect(await child.ended).toBe(1);
    } finally {
      volume?.remove();
      chmodSync(place, 0o755);
    }
  });
});
