import type { ConnectionWatch } from '../support/fault-proxy.ts';

/*
 * Whether a PostgreSQL server is at work for anybody, by what goes over the wire: it works from what it is asked until it says that
 * it is ready for more (message `Z` of the protocol, https://www.postgresql.org/docs/current/protocol-message-formats.html).
 */

const READY = 'Z'.charCodeAt(0);
/** Kind and length of a message. */
const HEAD_BYTES = 5;

/** Watches connections to a server. */
export interface ServerWatch {
  readonly watch: () => ConnectionWatch;
  readonly isBusy: () => boolean;
}

/** Makes a {@link ServerWatch} for connections without TLS, whose requests follow one after the other. */
export const createServerWatch = (): ServerWatch => {
  const busy = new Set<object>();
  return {
    isBusy: () => busy.size > 0,
    watch() {
      const connection = {};
      let rest = Buffer.alloc(0);
      return {
        request: () => void busy.add(connection),
        answer(piece) {
          rest = Buffer.concat([rest, piece]);
          let at = 0;
          while (rest.length - at >= HEAD_BYTES) {
            const bytes = 1 + rest.readInt32BE(at + 1);
            if (rest.length - at < bytes) break;
            if (rest[at] === READY) busy.delete(connection);
            at += bytes;
          }
          rest = rest.subarray(at);
        },
        closed: () => void busy.delete(connection),
      };
    },
  };
};
