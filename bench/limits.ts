import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Pool } from 'undici';
import { KEY, SECRET } from '../test/support/installation.ts';
import type { BenchDatabase } from './database.ts';
import { accountKey, SCALE_SECRET } from './scale-store.ts';

/*
 * What no program that does this work can beat: the same bytes through the same library, without anything around it.
 */

/** An event's id and JSON. */
export interface Body {
  readonly id: string;
  readonly json: string;
}

const PAGE_SIZE = 100;
const TRANSACTION = 5_000;

/** Runs `work` on 0…count-1, `places` at a time. */
const spread = async (
  count: number,
  places: number,
  work: (index: number) => Promise<void>,
): Promise<void> => {
  let next = 0;
  const place = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      await work(next - 1);
    }
  };
  await Promise.all(Array.from({ length: places }, place));
};

/** Fetches all pages, four at a time, reading bodies to their end and doing nothing with them. */
export const fetchPages = async (
  baseUrl: string,
  events: number,
): Promise<{ readonly ms: number; readonly pages: readonly Buffer[] }> => {
  const url = new URL(baseUrl);
  const pool = new Pool(url.origin, { connections: 4 });
  const headers = { authorization: `Basic ${Buffer.from(`${KEY}:${SECRET}`).toString('base64')}` };
  const pages: Buffer[] = [];
  const started = performance.now();
  await spread(Math.ceil(events / PAGE_SIZE), 4, async (index) => {
    const path = `${url.pathname}/events?page=${index + 1}&size=${PAGE_SIZE}`;
    const { statusCode, body } = await pool.request({ method: 'GET', path, headers });
    if (statusCode !== 200) throw new Error(`${path} was answered with ${statusCode}`);
    pages[index] = Buffer.from(await body.arrayBuffer());
  });
  const ms = performance.now() - started;
  await pool.close();
  return { ms, pages };
};

/** Parses every page as a whole. */
export const parsePages = (
  texts: readonly string[],
): { readonly ms: number; readonly bodies: readonly Body[] } => {
  const bodies: Body[] = [];
  let ms = 0;
  for (const text of texts) {
    const started = performance.now();
    const page = JSON.parse(text) as { _embedded: { events: { id: string }[] } };
    ms += performance.now() - started;
    for (const event of page._embedded.events) bodies.push({ id: event.id, json: JSON.stringify(event) });
  }
  return { ms, bodies };
};

/** Inserts the bodies with our pragmas, 5,000 a transaction, and says how long it took and how large the file is. */
export const insertBodies = (bodies: readonly Body[]): { readonly ms: number; readonly bytes: number } => {
  const folder = mkdtempSync(join(tmpdir(), 'vam-bench-'));
  try {
    const path = join(folder, 'bare.db');
    const db = new Database(path);
    db.pragma('page_size = 8192');
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.exec('CREATE TABLE events (id TEXT PRIMARY KEY, body TEXT)');
    const insert = db.prepare('INSERT INTO events VALUES (?, ?)');
    const started = performance.now();
    for (let from = 0; from < bodies.length; from += TRANSACTION) {
      db.exec('BEGIN IMMEDIATE');
      for (const { id, json } of bodies.slice(from, from + TRANSACTION)) insert.run(id, json);
      db.exec('COMMIT');
    }
    const ms = performance.now() - started;
    db.close();
    return { ms, bytes: statSync(path).size };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** The same on PostgreSQL: one statement and one durable transaction for 5,000. */
export const insertRemotely = async (
  bodies: readonly Body[],
  database: BenchDatabase,
): Promise<{ readonly ms: number }> => {
  const client = await database.connect();
  try {
    await client.query('CREATE TABLE events (id text COLLATE "C" PRIMARY KEY, body text)');
    const started = performance.now();
    for (let from = 0; from < bodies.length; from += TRANSACTION) {
      const part = bodies.slice(from, from + TRANSACTION);
      await client.query('INSERT INTO events SELECT * FROM unnest($1::text[], $2::text[])', [
        part.map(({ id }) => id),
        part.map(({ json }) => json),
      ]);
    }
    return { ms: performance.now() - started };
  } finally {
    await client.end();
  }
};

const SYNC_BYTES = 8_192;
const SYNC_MS = 1_000;

/** How often a second a page can be appended to a file and waited for until it is on the disk. */
export const syncsPerSecond = (): number => {
  const folder = mkdtempSync(join(tmpdir(), 'vam-bench-'));
  const file = openSync(join(folder, 'synced'), 'w');
  try {
    const page = Buffer.alloc(SYNC_BYTES, 1);
    const started = performance.now();
    let count = 0;
    for (; performance.now() - started < SYNC_MS; count += 1) {
      writeSync(file, page);
      fdatasyncSync(file);
    }
    return (count / (performance.now() - started)) * 1_000;
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true, force: true });
  }
};

/** How often a second a page of each account can be fetched in turn, so many at a time, and parsed. */
export const fetchesPerSecond = async (
  baseUrl: string,
  accounts: number,
  places: number,
  fetches: number,
): Promise<number> => {
  const url = new URL(baseUrl);
  const pool = new Pool(url.origin, { connections: places });
  const started = performance.now();
  await spread(fetches, places, async (index) => {
    const key = `${accountKey(index % accounts)}:${SCALE_SECRET}`;
    const headers = { authorization: `Basic ${Buffer.from(key).toString('base64')}` };
    const path = `${url.pathname}/events?page=1&size=${PAGE_SIZE}`;
    const { statusCode, body } = await pool.request({ method: 'GET', path, headers });
    if (statusCode !== 200) throw new Error(`${path} was answered with ${statusCode}`);
    await body.json();
  });
  const ms = performance.now() - started;
  await pool.close();
  return (fetches / ms) * 1_000;
};

/** POSTs the bodies, so many at a time, and reads every answer. */
export const postBodies = async (
  url: string,
  bodies: readonly string[],
  concurrency: number,
): Promise<number> => {
  const { origin, pathname } = new URL(url);
  const pool = new Pool(origin, { connections: concurrency });
  const headers = { 'content-type': 'application/json; charset=utf-8' };
  const started = performance.now();
  await spread(bodies.length, concurrency, async (index) => {
    const body = bodies[index] ?? '';
    const answer = await pool.request({ method: 'POST', path: pathname, headers, body });
    await answer.body.dump();
  });
  const ms = performance.now() - started;
  await pool.close();
  return ms;
};
