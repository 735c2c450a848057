import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { expect, it } from 'vitest';
import { createPostgresWithStandby } from './standby-postgres.ts';

it('the standby has what was committed before it fell behind, and nothing of what came after', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vam-standby-'));
  const database = await createPostgresWithStandby(folder);
  const ask = async (sql: string): Promise<readonly object[]> => {
    const client = new pg.Client(`${database.url}/postgres`);
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query<object>(sql)).rows;
    } finally {
      await client.end();
    }
  };
  try {
    await database.start();
    await ask('CREATE TABLE kept (number int)');
    await ask('INSERT INTO kept VALUES (1)');
    const [life] = await ask('SELECT pg_postmaster_start_time()');
    await database.follow();
    await ask('INSERT INTO kept VALUES (2)');
    await database.follow();
    await database.fallBehind();
    await ask('INSERT INTO kept VALUES (3)');
    expect(await ask('SELECT number FROM kept ORDER BY 1')).toHaveLength(3);
    const port = database.port();
    await database.failOver();
    expect(database.port()).not.toBe(port);
    expect(await ask('SELECT number FROM kept ORDER BY 1')).toEqual([{ number: 1 }, { number: 2 }]);
    expect(await ask('SELECT pg_postmaster_start_time()')).not.toEqual([life]);
    // It is a server like the one before, and may be lost as well.
    await ask('INSERT INTO kept VALUES (4)');
    await database.stop('crash');
    await database.start();
    await database.follow();
    await database.failOver();
    expect(await ask('SELECT count(*)::int AS count FROM kept')).toEqual([{ count: 3 }]);
  } finally {
    await database.close();
    rmSync(folder, { recursive: true, force: true });
  }
}, 120_000);
