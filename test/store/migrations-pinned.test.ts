import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { POSTGRES_MIGRATIONS, SQLITE_MIGRATIONS } from '../../src/store/migrations/list.ts';

/** Of each migration, in order: the beginning of the SHA-256 of its text for SQLite, and of that for PostgreSQL. Add new ones at the end. */
const PINNED = [
  ['71d9b6bc85a1e2c0', 'e3b0c44298fc1c14'],
  ['5c1415252ee27e17', 'e3b0c44298fc1c14'],
  ['7239775a47649bbc', 'e3b0c44298fc1c14'],
  ['5701b094812bea4c', 'e3b0c44298fc1c14'],
  ['70a8b196eb8a3e7a', 'db27adc801641c1c'],
  ['45fc03895011a4b2', '853a6ed8780c7697'],
  ['92b2d75de014148e', '1a54d9784fc0032d'],
  ['7a97676a725965e4', 'db933feced68a8aa'],
];

const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

it('a migration that stores have had stays as it was: they would never get what is changed in it', () => {
  const hashes = SQLITE_MIGRATIONS.map((sql, index) => [hash(sql), hash(POSTGRES_MIGRATIONS[index] ?? '')]);
  expect(hashes.slice(0, PINNED.length)).toEqual(PINNED);
});
