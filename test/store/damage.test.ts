import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Alert } from '../../src/core/alert.ts';
import type { ChainHead } from '../../src/core/chain.ts';
import type { DeliveryQuery, EventQuery, StoredEvent } from '../../src/core/history.ts';
import { everyItem } from '../../src/core/paging.ts';
import { StoreError } from '../../src/core/store.ts';
import { verifyChains } from '../../src/store/chain-verify.ts';
import { openStore } from '../../src/store/open-store.ts';
import { allOf, auditEvent, decided, decideNothing, T0, take, windowOf } from './fixtures.ts';

/* Line 19 of the failure catalogue: what becomes of the file's bytes between two lives. */

const CHILD = fileURLToPath(new URL('child.ts', import.meta.url));
const PAGE = 8_192;

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vam-damage-'));
  path = join(folder, 'monitor.db');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = () => openStore({ path, now: () => T0 + 100_000, durability: 'off' });

/** A store with something in every table: small events, one that needs overflow pages, alerts, free pages. */
const fill = async (file = path, name = 'e'): Promise<void> => {
  const store = openStore({ path: file, now: () => T0 + 100_000, durability: 'off' });
  const lease = await take(store);
  for (let window = 0; window < 4; window += 1) {
    const events = Array.from({ length: 60 }, (_, i) =>
      auditEvent(`${name}-${window}-${i}`, window, { padding: 'x'.repeat(i === 0 ? 60_000 : 400) }),
    );
    await store.collect.commitWindow(lease, windowOf(events, { nowMs: T0 + window * 200_000 }), (fresh) => ({
      alerts: [decided(`a${window}`, ['hook', 'mail'], { eventIds: fresh.slice(0, 5).map(({ id }) => id) })],
      state: [{ key: `k${window}`, value: 'v'.repeat(500) }],
    }));
  }
  await store.acts.record({ act: 'alert.acknowledged', atMs: T0, by: 'ann', subject: 'a', detail: '' });
  await store.outbox.claim('mail', 10, 1_000);
  await store.retention.prune(T0 + 2_000, 1_000);
  await store.close();
};

interface Content {
  readonly events: readonly StoredEvent[];
  readonly alerts: readonly Alert[];
}

/** Opens the store and uses all of it: reads everything, collects, claims, prunes. */
const use = async (): Promise<Content> => {
  const store = open();
  try {
    const { history } = store;
    const events = await allOf(everyItem((query: EventQuery) => history.events(query), { limit: 50 }));
    const alerts = await allOf(everyItem((query) => history.alerts(query), {}));
    await allOf(everyItem((query: DeliveryQuery) => history.deliveries(query), {}));
    await allOf(everyItem((query) => history.windows(query), {}));
    await allOf(everyItem((query) => history.acts(query), {}));
    await store.collect.ruleState('default');
    for (const { id } of events.slice(0, 3)) await history.alertsOf('default', id);
    await store.status.totals();
    const lease = await take(store);
    await store.collect.commitWindow(lease, windowOf([auditEvent('new', 5)]), decideNothing);
    await store.outbox.claim('hook', 10, 1_000);
    await store.retention.prune(T0 + 3_000, 10);
    return { events, alerts };
  } finally {
    await store.close();
  }
};

/** Whether `verify` says that something is wrong. */
const isTold = async (heads: readonly ChainHead[] = []): Promise<boolean> => {
  const found = await verifyChains({
    path,
    account: undefined,
    heads,
    onProgress() {},
    signal: new AbortController().signal,
  });
  return found.file !== undefined || found.reports.some(({ broken }) => broken !== undefined);
};

const isRefusal = (error: unknown): boolean =>
  error instanceof StoreError &&
  ['corrupt', 'foreign', 'newer', 'io', 'failed'].includes(error.kind) &&
  error.message.includes('monitor.db');

/**
 * Refused with a StoreError that says what to do, or told by `verify`, or harmless: what was there is there. `taken`: read
 * as if nothing were wrong. Other failures are passed on.
 */
const judge = async (whole: Content): Promise<'refused' | 'told' | 'harmless' | 'taken'> => {
  const refused = (error: unknown): undefined => {
    if (!isRefusal(error)) throw error;
    return undefined;
  };
  const told = (await isTold().catch(refused)) ?? true;
  // Used all the same: it must not fail in another way, whatever the file holds.
  const used = await use().catch(refused);
  if (!used) return 'refused';
  if (told) return 'told';
  return isDeepStrictEqual(used.events, whole.events) ? 'harmless' : 'taken';
};

const removeLogs = (): void => {
  for (const suffix of ['-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
};

describe('19: bytes of the database that are not what was written', () => {
  it.each([
    ['a page of garbage', (page: Buffer) => void page.fill(0xa5)],
    ['a page of zeros', (page: Buffer) => void page.fill(0)],
    ['a page whose head is another', (page: Buffer) => void page.fill(0x0d, 0, 16)],
    [
      'every byte of a stretch turned over',
      (page: Buffer) =>
        page.forEach((byte, i) => {
          if (i >= 3_000 && i < 3_200) page[i] = byte ^ 0xff;
        }),
    ],
  ])(
    '%s, each page in turn: refused or told, never taken for good',
    async (_, damage) => {
      await fill();
      const whole = readFileSync(path);
      const content = await use();
      const verdicts: string[] = [];
      for (let at = 0; at < whole.length; at += PAGE) {
        removeLogs();
        const bytes = Buffer.from(whole);
        damage(bytes.subarray(at, at + PAGE));
        writeFileSync(path, bytes);
        verdicts.push(await judge(content));
      }
      expect(verdicts.length).toBeGreaterThan(40);
      expect(verdicts.filter((verdict) => verdict !== 'harmless').length).toBeGreaterThan(10);
      expect(verdicts).not.toContain('taken');
    },
    60_000,
  );
});

it('19: an index that has lost entries hides events from everybody but verify, which tells it', async () => {
  await fill();
  const whole = await use();
  const sql = (text: string): void => {
    const db = new Database(path);
    db.unsafeMode(true);
    db.pragma('writable_schema = ON');
    db.exec(text);
    db.close();
  };
  const last = whole.events.at(-1)?.id ?? '';
  sql(`UPDATE sqlite_schema SET sql = sql || ' WHERE id <> ''${last}''' WHERE name = 'events_by_time'`);
  sql('REINDEX events_by_time');
  sql(
    "UPDATE sqlite_schema SET sql = substr(sql, 1, instr(sql, ' WHERE') - 1) WHERE name = 'events_by_time'",
  );
  const store = open();
  const events = await allOf(everyItem((query: EventQuery) => store.history.events(query), {}));
  await store.close();
  expect(events.map(({ id }) => id)).not.toContain(last);
  expect(await isTold()).toBe(true);
});

it('19: stored JSON that is none any more is damage, not a failure of the program', async () => {
  await fill();
  const db = new Database(path);
  db.exec('UPDATE alerts SET json = substr(json, 1, 50)');
  db.close();
  const store = open();
  await expect(store.history.alerts({})).rejects.toEqual(
    expect.objectContaining({ name: 'StoreError', kind: 'corrupt' }),
  );
  await store.close();
});

/** Kills a process in the middle of its second transaction and leaves its files. */
const crash = async (): Promise<void> => {
  const child = spawn(process.execPath, [CHILD, 'crash', path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  await once(createInterface({ input: child.stdout }), 'line');
  child.kill('SIGKILL');
  await ended;
};

describe('19: the write-ahead log beside it', () => {
  it('left behind by a kill, whole or cut off anywhere: windows are there as a whole or not at all, and the rest goes on', async () => {
    // A later time than the crashed process's, whose lease is over.
    const open = () => openStore({ path, now: Date.now, durability: 'off' });
    await crash();
    const [database, log] = [readFileSync(path), readFileSync(`${path}-wal`)];
    const counts = new Set<number>();
    const frame = PAGE + 24;
    for (const length of [
      0,
      10,
      32,
      500,
      32 + frame,
      32 + 3 * frame - 1,
      32 + 20 * frame,
      log.length - 1,
      log.length,
    ]) {
      removeLogs();
      writeFileSync(path, database);
      writeFileSync(`${path}-wal`, log.subarray(0, length));
      const store = open();
      const { events } = await store.status.totals();
      expect([0, 50], `cut to ${length}`).toContain(events);
      // Watermark and events go back together: what is missing will be read again.
      expect((await store.collect.progress('default')) !== undefined, `cut to ${length}`).toBe(events === 50);
      await store.collect.commitWindow(
        await take(store, 'next', 60_000),
        windowOf([auditEvent('new', 1)]),
        decideNothing,
      );
      await store.close();
      expect(await isTold(), `cut to ${length}`).toBe(false);
      counts.add(events);
    }
    expect(counts).toEqual(new Set([0, 50]));
  });

  it.each([0, 1_000, 20_000])('with turned bytes at %i: it ends before them, or is refused', async (at) => {
    await crash();
    const log = readFileSync(`${path}-wal`);
    for (let i = at; i < at + 16; i += 1) log[i] = (log[i] ?? 0) ^ 0xff;
    writeFileSync(`${path}-wal`, log);
    const store = open();
    expect([0, 50]).toContain((await store.status.totals()).events);
    await store.close();
    expect(await isTold()).toBe(false);
  });

  // SQLite cannot tell whose log it is, so nothing that lies in these files can: only what was published outside.
  it('of another database: the heads that were published tell it', async () => {
    const other = join(folder, 'other.db');
    // A log that was never brought into its database, as a crash leaves it.
    const store = openStore({ path: other, now: () => T0, durability: 'off' });
    const strangers = Array.from({ length: 300 }, (_, i) => auditEvent(`stranger-${i}`, 1));
    await store.collect.commitWindow(await take(store), windowOf(strangers), decideNothing);
    copyFileSync(`${other}-wal`, join(folder, 'foreign-wal'));
    await store.close();
    await fill();
    const ours = open();
    const heads = await ours.chains.heads();
    await ours.close();
    expect(await isTold(heads)).toBe(false);
    removeLogs();
    copyFileSync(join(folder, 'foreign-wal'), `${path}-wal`);
    expect(await isTold(heads)).toBe(true);
  });

  it('that is a directory is refused with what to do', async () => {
    await fill();
    removeLogs();
    mkdirSync(`${path}-wal`);
    expect(() => open()).toThrow(expect.objectContaining({ name: 'StoreError' }));
    expect(existsSync(path)).toBe(true);
  });
});
