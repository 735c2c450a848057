import { APPLICATION } from './postgres-client.ts';
import type { PostgresConnection } from './postgres-connection.ts';
import { type Steps, value } from './steps.ts';

/*
 * A connection may stop in the middle of what it carries, with nobody saying so: half of a series of messages has arrived, and its
 * sender is gone. The server then waits for the rest without a limit, as none of its timeouts runs between the messages of a series
 * (`idle_in_transaction_session_timeout` begins when it is ready for a new one, and `statement_timeout` is not heeded while it reads).
 * Keepalive of TCP finds an end that is gone (FORSAKEN of postgres-client.ts), but not one behind a pooler or a balancer that answers
 * in its place. What such a session has locked, somebody's row of beats among it, would be locked until someone ended it.
 */

/**
 * Ends the sessions of our kind that hold locks for writing and wait for their client for longer than `?` ms; between two messages ours
 * think for milliseconds. Transactions that take long bear another name. A role may end its own sessions, and no others.
 */
const END = `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
  WHERE datname = current_database() AND usename = current_user AND application_name = '${APPLICATION}'
    AND pid <> pg_backend_pid() AND backend_xid IS NOT NULL AND wait_event = 'ClientRead'
    AND state_change < clock_timestamp() - make_interval(secs => ?::float8 / 1000)`;

/** Ends those sessions, by a connection that is free; resolves with their number. Never rejects: it is tried when something is wrong. */
export const endForsaken = async (
  lane: Pick<PostgresConnection, 'read'>,
  afterMs: number,
): Promise<number> => {
  function* end(): Steps<number> {
    return (yield* value<number>(END, afterMs)) ?? 0;
  }
  try {
    return await lane.read(end);
  } catch {
    return 0;
  }
};
