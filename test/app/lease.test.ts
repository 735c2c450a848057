import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { underLease } from '../../src/app/lease.ts';
import { type Lease, LeaseLostError } from '../../src/core/lease.ts';
import type { Log, LogFields } from '../../src/core/log.ts';
import { type Store, StoreError, type StoreErrorKind } from '../../src/core/store.ts';
import { openStore } from '../../src/store/open-store.ts';

let folder = '';
let store: Store;
const lines: { event: string; fields: LogFields }[] = [];
const note = (event: string, fields: LogFields = {}): void => void lines.push({ event, fields });
const log: Log = { debug: note, info: note, warn: note, error: note };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
  folder = mkdtempSync(join(tmpdir(), 'vam-lease-'));
  store = openStore({ path: join(folder, 'monitor.db'), now: Date.now, durability: 'off' });
  lines.length = 0;
});
afterEach(async () => {
  vi.useRealTimers();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const options = (once: boolean) => ({
  leases: store.leases,
  name: 'monitor',
  holder: 'me/1/2/x',
  log,
  once,
  onState() {},
});
const never = new AbortController().signal;

describe('working under a lease', () => {
  it('a single run gives up when another process keeps its lease', async () => {
    await store.leases.acquire('monitor', 'elsewhere/1/1/x', 3_600_000);
    const work = vi.fn<(lease: Lease) => Promise<void>>(async () => {});
    const ended = underLease(options(true), work, never);
    // Looked at below, after the clock has moved.
    ended.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(15_000);
    await expect(ended).rejects.toThrow(
      'another process (elsewhere/1/1/x) works on this database and keeps its lease; nothing was done here',
    );
    expect(work).not.toHaveBeenCalled();
    expect(lines.map((line) => line.event)).toEqual(['lease.waiting']);
  });

  it('a single run outwaits a holder that has died elsewhere', async () => {
    await store.leases.acquire('monitor', 'elsewhere/1/1/x', 10_000);
    const work = vi.fn<(lease: Lease) => Promise<void>>(async () => {});
    const ended = underLease(options(true), work, never);
    await vi.advanceTimersByTimeAsync(12_000);
    await ended;
    expect(work).toHaveBeenCalledOnce();
  });

  it('a lease that passed on ends the work, and the process stands by until it gets it back', async () => {
    const stop = new AbortController();
    let lives = 0;
    const ended = underLease(
      options(false),
      async (lease, signal) => {
        lives += 1;
        if (lives > 1) return stop.abort();
        // Suspended for longer than the lease, and another process took over meanwhile.
        await store.leases.release(lease);
        await store.leases.acquire('monitor', 'elsewhere/1/1/x', 10_000);
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
        throw new LeaseLostError('a write was refused');
      },
      stop.signal,
    );
    await vi.advanceTimersByTimeAsync(20_000);
    await ended;
    expect(lives).toBe(2);
    expect(lines.map((line) => line.event)).toEqual([
      'lease.acquired',
      'lease.lost',
      'lease.waiting',
      'lease.acquired',
    ]);
  });

  /** Fails with `kind` when a lease is asked for, and then in the work. */
  const failing = (kind: StoreErrorKind, once: boolean) => {
    const error = new StoreError(kind, 'in the middle of a failover');
    const stop = new AbortController();
    let asked = 0;
    let lives = 0;
    const leases = {
      ...store.leases,
      acquire: async (...args: Parameters<typeof store.leases.acquire>) => {
        asked += 1;
        if (asked === 1) throw error;
        return store.leases.acquire(...args);
      },
    };
    const work = async (): Promise<void> => {
      lives += 1;
      if (lives === 1) throw error;
      stop.abort();
    };
    const ended = underLease({ ...options(once), leases }, work, stop.signal);
    // Looked at by the test, after the clock has moved.
    ended.catch(() => undefined);
    return { ended, error, lives: () => lives };
  };

  it.each(['unreachable', 'busy', 'readonly', 'full', 'io', 'missing', 'failed'] as const)(
    'goes on after a store that was %s, in the work and in asking for the lease',
    async (kind) => {
      const { ended, lives } = failing(kind, false);
      await vi.advanceTimersByTimeAsync(20_000);
      await ended;
      expect(lives()).toBe(2);
      expect(lines.map(({ event, fields }) => [event, fields['operation']])).toEqual([
        ['store.error', 'acquire lease'],
        ['lease.acquired', undefined],
        ['store.error', 'work'],
        ['lease.acquired', undefined],
      ]);
    },
  );

  it.each([
    ['corrupt', false],
    ['newer', false],
    ['foreign', false],
    ['closed', false],
    ['busy', true],
  ] as const)('ends with a store that is %s (once: %s)', async (kind, once) => {
    const { ended, error } = failing(kind, once);
    await expect(ended).rejects.toBe(error);
  });
});
