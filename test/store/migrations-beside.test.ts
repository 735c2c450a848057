import { describe, expect, it } from 'vitest';
import { POSTGRES_MIGRATIONS } from '../../src/store/migrations/list.ts';

/*
 * While a new version is rolled out, replicas of the one before go on working on the tables that the new one has changed. So a
 * migration adds what they need not know: tables, indexes, and columns that have a value where nobody names one. What takes away,
 * renames or narrows is done in two versions: the first no longer uses it, the second takes it away.
 */

/** The first migration that replicas had to live through. */
const FIRST = 7;
const ADDS: readonly RegExp[] = [
  /^CREATE TABLE \w+ \(/,
  // A unique one could refuse what the version before writes.
  /^CREATE INDEX \w+ ON \w+/,
  /^ALTER TABLE \w+ ADD COLUMN \w+ [^,]*\bDEFAULT\b[^,]*$/,
  /^ALTER TABLE \w+ ADD COLUMN (?!.*\bNOT NULL\b)[^,]*$/,
];
/** Could refuse what the version before writes, wherever it stands. */
const NARROWS = /\b(?:UNIQUE|PRIMARY KEY|CHECK|EXCLUDE|REFERENCES)\b/;

const statements = (sql: string): readonly string[] =>
  sql
    .replace(/--.*$/gm, '')
    .split(';')
    .map((one) => one.replace(/\s+/g, ' ').trim())
    .filter((one) => one !== '');
const harms = (sql: string): readonly string[] =>
  statements(sql).filter(
    (one) => !ADDS.some((adds) => adds.test(one)) || (!one.startsWith('CREATE TABLE') && NARROWS.test(one)),
  );

describe('a migration on PostgreSQL', () => {
  it('leaves the replicas of the version before it working', () => {
    const later = POSTGRES_MIGRATIONS.slice(FIRST);
    expect(later.length).toBeGreaterThan(0);
    expect(later.flatMap(harms)).toEqual([]);
  });

  it.each([
    'DROP TABLE alerts',
    'ALTER TABLE alerts DROP COLUMN json',
    'ALTER TABLE alerts RENAME COLUMN json TO text',
    'ALTER TABLE alerts ADD COLUMN owner text NOT NULL',
    'ALTER TABLE alerts ADD COLUMN owner text UNIQUE',
    'ALTER TABLE alerts ADD COLUMN owner text DEFAULT 0 UNIQUE',
    'ALTER TABLE alerts ADD COLUMN owner bigint DEFAULT 0 REFERENCES accounts (key)',
    "ALTER TABLE alerts ADD COLUMN owner text CHECK (kind <> 'rule')",
    'ALTER TABLE alerts ADD COLUMN owner text DEFAULT 0, DROP COLUMN json',
    'CREATE UNIQUE INDEX alerts_one ON alerts (rule)',
    'UPDATE alerts SET json = NULL',
  ])('would be refused here with %s', (sql) => {
    expect(harms(`CREATE INDEX fine ON alerts (rule);\n-- A comment; in it, this.\n${sql};`)).toEqual([sql]);
  });
});
