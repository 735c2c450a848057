/* Migrates a store with one migration that takes long, to be killed in the middle of it. */

import { SQLITE_MIGRATIONS } from '../../src/store/migrations/list.ts';
import { connect } from '../../src/store/sqlite-connection.ts';

const [path = ''] = process.argv.slice(2);
const LONG = `
  CREATE TABLE later (n INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;
  INSERT INTO later
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 50000000)
    SELECT n, hex(zeroblob(500)) FROM numbers;
`;
connect({ path, durability: 'full', migrations: [...SQLITE_MIGRATIONS, LONG] });
