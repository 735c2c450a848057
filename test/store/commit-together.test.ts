import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connect, type SqliteConnection } from '../../src/store/sqlite-connection.ts';
import { run, type Steps, value } from '../../src/store/steps.ts';

let folder: string;
let connection: SqliteConnection;
let other: Database.Database;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'together-'));
  const path = join(folder, 'm.db');
  connection = connect({ path, durability: 'off' });
  other = new Database(path, { readonly: true });
});
afterEach(() => {
  other.close();
  connection.close();
  rmSync(folder, { recursive: true, force: true });
});

const put = (name: string) =>
  function* (): Steps<string> {
    yield* run("INSERT INTO meta (name, value) VALUES (?, 'x')", name);
    return name;
  };
const stored = (): unknown[] => other.prepare('SELECT name FROM meta ORDER BY name').pluck().all();

describe('commits of one turn', () => {
  it('are one transaction: nobody sees a part of them', async () => {
    const seen: unknown[][] = [];
    const results = await Promise.all([
      connection.commitTogether(put('a')),
      connection.commitTogether(function* () {
        seen.push(stored());
        return yield* put('b')();
      }),
    ]);
    expect(results).toEqual(['a', 'b']);
    expect(seen).toEqual([[]]);
    expect(stored()).toEqual(['a', 'b']);
  });

  it('stand for themselves: what throws leaves nothing and takes nothing along', async () => {
    const ends = await Promise.allSettled([
      connection.commitTogether(put('a')),
      connection.commitTogether(function* () {
        yield* put('b')();
        throw new Error('of its own');
      }),
      connection.commitTogether(function* () {
        yield* put('c')();
        return yield* put('a')();
      }),
      connection.commitTogether(put('d')),
    ]);
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
    expect(stored()).toEqual(['a', 'd']);
  });

  it('all reject when SQLite has given up the transaction by itself, and the next ones work', async () => {
    const ends = await Promise.allSettled([
      connection.commitTogether(put('a')),
      connection.commitTogether(function* () {
        yield* run('ROLLBACK');
        throw new Error('disk full');
      }),
      connection.commitTogether(put('b')),
    ]);
    const reason = expect.objectContaining({ message: 'disk full' }) as unknown;
    expect(ends).toEqual(ends.map(() => ({ status: 'rejected', reason })));
    expect(stored()).toEqual([]);
    await connection.commitTogether(put('c'));
    expect(stored()).toEqual(['c']);
  });

  it('reject after the end', async () => {
    const path = join(folder, 'closed.db');
    const closed = connect({ path, durability: 'off' });
    const late = closed.commitTogether(() => value('SELECT 1'));
    closed.close();
    await expect(late).rejects.toMatchObject({ kind: 'closed' });
  });
});
