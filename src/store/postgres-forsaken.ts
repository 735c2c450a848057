import { BEATS_OF } from './postgres-client.ts';
import type { PostgresConnection } from './postgres-connection.ts';
import { type Steps, value } from './steps.ts';

/*
 * A connection may stop in the middle of what it carries, with nobody saying so: half of a series of messages has arrived, and its
 * sender is gone. The server then waits for the rest without a limit, as none of its timeouts runs between the messages of a series
 * (`idle_in_transaction_session_timeout` begins when it is ready for a new one, and `statement_timeout` is not heeded while it reads).
 * Keepalive of TCP finds an end that is gone (FORSAKEN of postgres-client.ts), but not one behind a pooler or a balancer that answers
 * in its place. What such a session has locked, somebody's row of beats among it, would be locked until someone ended it.
 */

/** For how long the server may wait for a client that is alive. ms */
export interface ForsakenLimits {
  /** For the rest of a beat, which is short. */
  readonly beatsMs: number;
  /** For the rest of other work: a large statement over a slow link takes its time, up to that for which its sender waits for the answer. */
  readonly workMs: number;
}

/**
 * Ends the sessions of our kind that hold locks for writing and wait for their client for longer than that. They are known by their
 * names, which begin with that of whoever asks; transactions that take long bear another one. A role may end its own sessions, and no
 * others.
 */
const END = `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
  WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
    AND backend_xid IS NOT NULL AND wait_event = 'ClientRead'
    AND state_change < clock_timestamp() - make_interval(secs => CASE current_setting('application_name')
      WHEN application_name THEN ?::float8
      WHEN '${BEATS_OF}' || application_name THEN ?::float8
    END / 1000)`;

/** Ends those sessions, by the connection of beats; resolves with their number. Never rejects: it is tried when something is wrong. */
export const endForsaken = async (
  lane: Pick<PostgresConnection, 'read'>,
  { beatsMs, workMs }: ForsakenLimits,
): Promise<number> => {
  function* end(): Steps<number> {
    return (yield* value<number>(END, beatsMs, workMs)) ?? 0;
  }
  try {
    return await lane.read(end);
  } catch {
    return 0;
  }
};
