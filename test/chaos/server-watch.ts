import type { ConnectionWatch } from '../support/fault-proxy.ts';

/*
 * Whether a PostgreSQL server is at work for anybody, by what goes over the wire: it works from the end of what it is asked until it
 * says that it is ready for more (https://www.postgresql.org/docs/current/protocol-message-formats.html). Half a request, and an
 * answer that nobody takes, leave it idle.
 */

const code = (letter: string): number => letter.charCodeAt(0);
const READY = code('Z');
/** What it answers with {@link READY} in the end: a query, and the end of a series of messages. */
const ASKS: ReadonlySet<number> = new Set([code('Q'), code('S')]);
const LENGTH_BYTES = 4;

/** Watches connections to a server. */
export interface ServerWatch {
  readonly watch: () => ConnectionWatch;
  readonly isBusy: () => boolean;
}

/** Takes messages apart as they come: calls `onMessage` with the kind of each, once it is whole. The first may have no kind. */
const createReader = (isFirstBare: boolean, onMessage: (kind: number | undefined) => void) => {
  let rest = Buffer.alloc(0);
  let isBare = isFirstBare;
  return (piece: Buffer): void => {
    rest = Buffer.concat([rest, piece]);
    for (;;) {
      const kindBytes = isBare ? 0 : 1;
      if (rest.length < kindBytes + LENGTH_BYTES) return;
      // Of a broken length the server makes nothing either; it ends the connection.
      const bytes = kindBytes + Math.max(rest.readInt32BE(kindBytes), LENGTH_BYTES);
      if (rest.length < bytes) return;
      const kind = isBare ? undefined : rest[0];
      isBare = false;
      rest = rest.subarray(bytes);
      onMessage(kind);
    }
  };
};

/** Makes a {@link ServerWatch} for connections without TLS. */
export const createServerWatch = (): ServerWatch => {
  const busy = new Set<object>();
  return {
    isBusy: () => busy.size > 0,
    watch() {
      const connection = {};
      let asked = 0;
      let held = 0;
      let isOpen = true;
      const note = (): void => {
        // What was held back may go on when the connection is long over.
        if (isOpen && asked > 0 && held === 0) busy.add(connection);
        else busy.delete(connection);
      };
      const ask = createReader(true, (kind) => {
        // It is greeted with the first one, and answers that with all it has to say before it is ready.
        if (kind === undefined || ASKS.has(kind)) asked += 1;
      });
      const answer = createReader(false, (kind) => {
        if (kind === READY) asked = Math.max(0, asked - 1);
      });
      return {
        request(piece) {
          ask(piece);
          note();
        },
        answer(piece) {
          answer(piece);
          note();
        },
        held(is) {
          held += is ? 1 : -1;
          note();
        },
        closed() {
          isOpen = false;
          note();
        },
      };
    },
  };
};
