import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openHistory } from '../../src/store/open-history.ts';
import { openStore } from '../../src/store/open-store.ts';
import { backUp } from '../../src/store/sqlite-backup.ts';
import { auditEvent, decideNothing, T0, take, windowOf } from './fixtures.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vam-backup-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('a backup of many steps is of the moment it began, and ends although there is a commit in every step', async () => {
  const source = join(folder, 'monitor.db');
  const target = join(folder, 'copy.db');
  const store = openStore({ path: source, now: () => T0, durability: 'off' });
  const lease = await take(store);
  const padding = 'x'.repeat(8_000);
  const commit = (name: string, count: number) =>
    store.collect.commitWindow(
      lease,
      windowOf(Array.from({ length: count }, (_, i) => auditEvent(`${name}-${i}`, 1, { padding }))),
      decideNothing,
    );
  await commit('before', 4_000);
  const commits: Promise<unknown>[] = [];
  const made = await backUp({
    source,
    target,
    onProgress(done) {
      // Beginning anew with every commit, it would never end: fails instead of hanging.
      if (commits.length > 50) throw new Error(`still at ${done}`);
      commits.push(commit(`during-${commits.length}`, 5));
    },
    onCheck() {},
    signal: new AbortController().signal,
  });
  await Promise.all(commits);
  expect(commits.length).toBeGreaterThan(3);
  expect(made.events).toBe(4_000);
  expect(await store.status.totals()).toMatchObject({ events: 4_000 + 5 * commits.length });
  await store.close();
  const copy = openHistory(target);
  expect((await copy.history.events({ newestFirst: true, limit: 1 })).items[0]?.id).toMatch(/^before/);
  await copy.close();
});
