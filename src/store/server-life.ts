import { SERVER_LIFE } from './leases.ts';
import { get, run, type Steps, value } from './steps.ts';

/** What is remembered of the life of the server that was met last. */
interface Life {
  readonly life: string;
  /** By the clock of the database. Epoch ms. */
  readonly unsureUntilMs: number;
}

const NAME = 'server_life';
const READ = `SELECT ${SERVER_LIFE} AS life, (SELECT value FROM meta WHERE name = ?) AS known`;
const PUT =
  'INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value';
// Whoever was alive, as far as this life knows, when somebody was heard of last in the life before.
const OTHERS = `SELECT max(ttl_ms)::bigint FROM replicas
  WHERE id <> ? AND seen_ms + ttl_ms > (SELECT max(seen_ms) FROM replicas)`;

/**
 * Until when others may rely on leases of which this life of the server knows nothing: it may lack what was committed last (a standby
 * that took over, or a crash), and who got a lease then relies on it until it is told otherwise, or its time is over. To be asked
 * before the replica itself beats. Epoch ms by the clock of the database.
 */
export function* unsureUntil(id: string, nowMs: number): Steps<number> {
  const read = yield* get<{ life: string; known: string | null }>(READ, NAME);
  if (!read) throw new Error('the server does not say when it was started');
  const known = read.known === null ? undefined : (JSON.parse(read.known) as Life);
  if (known?.life === read.life) return known.unsureUntilMs;
  const ttlMs = yield* value<number | null>(OTHERS, id);
  // Nobody can have been told anything by the former one since this one is asked.
  const unsureUntilMs = known && typeof ttlMs === 'number' ? nowMs + ttlMs : 0;
  yield* run(PUT, NAME, JSON.stringify({ life: read.life, unsureUntilMs } satisfies Life));
  return unsureUntilMs;
}
