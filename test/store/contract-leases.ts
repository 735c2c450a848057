import { expect, it } from 'vitest';
import { LeaseLostError } from '../../src/core/lease.ts';
import type { Bench } from './contract.ts';
import { decideNothing, take, windowOf } from './fixtures.ts';

/** What standing by and taking over needs of any store. */
export const leaseContract = (bench: Bench): void => {
  const acquire = (holder: string, ttlMs = 1_000) => bench.store.leases.acquire('monitor', holder, ttlMs);

  it('tells who holds a lease and until when', async () => {
    const lease = await take(bench.store, 'a', 1_000);
    expect(await acquire('b')).toEqual({ held: lease, expiresAtMs: bench.nowMs + 1_000 });
    expect(await bench.store.leases.acquire('another', 'b', 1_000)).toMatchObject({ lease: { holder: 'b' } });
  });

  it('gives the holder its own lease again under the same token, and longer', async () => {
    const lease = await take(bench.store, 'a', 1_000);
    bench.nowMs += 900;
    expect(await acquire('a')).toEqual({ lease });
    bench.nowMs += 900;
    expect(await acquire('b')).toEqual({ held: lease, expiresAtMs: bench.nowMs + 100 });
  });

  it('hands an expired lease on with a larger token; the first moment it is free is its expiry', async () => {
    const first = await take(bench.store, 'a', 1_000);
    bench.nowMs += 999;
    expect(await acquire('b')).toHaveProperty('held');
    bench.nowMs += 1;
    const second = await take(bench.store, 'b', 1_000);
    expect(second.token).toBeGreaterThan(first.token);
    expect(await bench.store.leases.renew(first, 1_000)).toBe(false);
    expect(await bench.store.leases.renew(second, 1_000)).toBe(true);
  });

  it('gives a larger token even to the same holder name after an expiry', async () => {
    const first = await take(bench.store, 'a', 1_000);
    bench.nowMs += 1_000;
    const second = await take(bench.store, 'a', 1_000);
    expect(second.token).toBeGreaterThan(first.token);
    await expect(bench.store.collect.commitWindow(first, windowOf([]), decideNothing)).rejects.toBeInstanceOf(
      LeaseLostError,
    );
  });

  it('extends on renewal, also a lease that expired but that nobody took', async () => {
    const lease = await take(bench.store, 'a', 1_000);
    bench.nowMs += 5_000;
    expect(await bench.store.leases.renew(lease, 1_000)).toBe(true);
    bench.nowMs += 999;
    expect(await acquire('b')).toHaveProperty('held');
  });

  it('is free at once after a release, and its token is worth nothing', async () => {
    const first = await take(bench.store, 'a', 60_000);
    await bench.store.leases.release(first);
    expect(await bench.store.leases.renew(first, 1_000)).toBe(false);
    await expect(bench.store.collect.commitWindow(first, windowOf([]), decideNothing)).rejects.toBeInstanceOf(
      LeaseLostError,
    );
    expect((await take(bench.store, 'b')).token).toBeGreaterThan(first.token);
  });

  it('ignores the release of a lease that has passed on', async () => {
    const first = await take(bench.store, 'a', 1_000);
    bench.nowMs += 1_000;
    const second = await take(bench.store, 'b', 1_000);
    await bench.store.leases.release(first);
    expect(await bench.store.leases.renew(second, 1_000)).toBe(true);
  });

  it('goes on growing the token over a restart', async () => {
    const first = await take(bench.store, 'a');
    await bench.store.leases.release(first);
    await bench.restart();
    expect((await take(bench.store, 'a')).token).toBeGreaterThan(first.token);
  });

  it('frees the lease of a dead holder one lease time after the clock was set back', async () => {
    await take(bench.store, 'dead', 1_000);
    bench.nowMs -= 86_400_000;
    expect(await acquire('b')).toMatchObject({ expiresAtMs: bench.nowMs + 1_000 });
    bench.nowMs += 1_000;
    expect(await acquire('b')).toHaveProperty('lease');
  });

  it('lets one of two stores on the same place hold it', async () => {
    const other = await bench.again();
    await take(bench.store, 'a', 1_000);
    expect(await other.leases.acquire('monitor', 'b', 1_000)).toHaveProperty('held');
    bench.nowMs += 1_000;
    expect(await other.leases.acquire('monitor', 'b', 1_000)).toHaveProperty('lease');
    expect(await acquire('a')).toHaveProperty('held');
  });
};
