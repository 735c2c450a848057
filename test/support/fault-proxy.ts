import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { sleep } from '../../src/base/sleep.ts';

/** What a {@link FaultProxy} does to one connection, in the direction of the client unless `of` says otherwise. */
export type LinkFault = {
  /** `answer`: what the server sends; `request`: what the client sends. */
  readonly of?: 'answer' | 'request';
} & (
  | /** Cut (RST) as soon as it is there, without a byte. A port at which nobody listens: {@link FaultProxy.down}. */ {
      readonly kind: 'refuse';
    }
  /** Cut (RST) after so many bytes. */
  | { readonly kind: 'reset'; readonly afterBytes: number }
  /** Ended in an orderly way (FIN) after so many bytes. */
  | { readonly kind: 'truncate'; readonly afterBytes: number }
  /** Nothing more comes after so many bytes; the connection stays open. */
  | { readonly kind: 'stall'; readonly afterBytes: number }
  /** So many bytes every so many ms. */
  | { readonly kind: 'trickle'; readonly bytes: number; readonly everyMs: number }
  /** So many bytes, from a place on, are NUL: nothing that HTTP, SMTP or JSON take for text. */
  | { readonly kind: 'corrupt'; readonly afterBytes: number; readonly bytes: number }
  /** Every piece comes so many ms late. */
  | { readonly kind: 'delay'; readonly ms: number }
);

/** Which fault the next connection gets; undefined: none. */
type Draw = () => LinkFault | undefined;

/**
 * A TCP proxy on 127.0.0.1 before one server, HTTP or SMTP alike, that does to the bytes what networks do. It knows
 * nothing of the protocol, so what the client under test makes of it is the client's own doing.
 */
export interface FaultProxy {
  readonly port: number;
  /** Connections accepted so far. */
  readonly accepted: () => number;
  /** Connections that are open now. */
  readonly open: () => number;
  /** The next connections get these, one each (undefined: left alone), before what {@link always} says. */
  next(...faults: readonly (LinkFault | undefined)[]): void;
  /** Every connection from now on gets this, or what is drawn for it; undefined: left alone. */
  always(fault: LinkFault | Draw | undefined): void;
  /** Cuts (RST) all connections that are open. */
  cut(): void;
  /** From now on no byte moves, on old connections and new ones, and nobody is told: until {@link thaw}. */
  freeze(): void;
  /** What was held up goes on its way. */
  thaw(): void;
  /** On connections that are open, no byte moves ever again, and nobody is told; new ones are left alone. */
  strand(): void;
  /** Cuts all connections and stops listening: what follows is refused, until {@link up}. */
  down(): Promise<void>;
  /** Listens again on the same port. */
  up(): Promise<void>;
  close(): Promise<void>;
}

/** Sees what goes over one connection at the server's end, before and behind all faults. */
export interface ConnectionWatch {
  request(piece: Buffer): void;
  answer(piece: Buffer): void;
  /** Something that came from either side is held back, or no longer. */
  held(is: boolean): void;
  closed(): void;
}

/**
 * Starts a {@link FaultProxy} before a port of this machine, asked anew for each connection where it may change. `onTraffic` is told whenever anything moves; `watch` watches a
 * connection.
 */
export const createFaultProxy = async (
  targetPort: number | (() => number),
  options: { readonly onTraffic?: () => void; readonly watch?: () => ConnectionWatch } = {},
): Promise<FaultProxy> => {
  const { onTraffic = () => {} } = options;
  const sockets = new Set<Socket>();
  const queue: (LinkFault | undefined)[] = [];
  let standing: Draw = () => undefined;
  let accepted = 0;
  let frozen: PromiseWithResolvers<void> | undefined;
  let stranded = 0;
  const thaw = (): void => {
    frozen?.resolve();
    frozen = undefined;
  };

  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    // Broken connections are what this is about.
    socket.on('error', () => {});
    socket.on('close', () => {
      sockets.delete(socket);
      onTraffic();
    });
    return socket;
  };
  const server = createServer({ allowHalfOpen: true }, (client) => {
    accepted += 1;
    onTraffic();
    keep(client);
    const fault = queue.length > 0 ? queue.shift() : standing();
    if (fault?.kind === 'refuse') {
      client.resetAndDestroy();
      return;
    }
    const port = typeof targetPort === 'number' ? targetPort : targetPort();
    const target = keep(connect({ port, host: '127.0.0.1', allowHalfOpen: true }));
    const cut = (): void => {
      client.resetAndDestroy();
      target.destroy();
    };
    target.on('error', cut);
    const watch = options.watch?.();
    if (watch) target.on('close', () => watch.closed());
    const number = accepted;
    const thawed = (): Promise<void> | undefined =>
      number <= stranded ? new Promise(() => undefined) : frozen?.promise;
    client.on('close', () => void Promise.resolve(thawed()).then(() => target.destroy()));
    const of = (direction: 'answer' | 'request'): LinkFault | undefined =>
      (fault?.of ?? 'answer') === direction ? fault : undefined;
    void carry(client, target, of('request'), {
      cut,
      onTraffic,
      thawed,
      held: (is) => watch?.held(is),
      sent: (piece) => watch?.request(piece),
    });
    void carry(target, client, of('answer'), {
      cut,
      onTraffic,
      thawed,
      held: (is) => watch?.held(is),
      got: (piece) => watch?.answer(piece),
    });
  });
  const listen = async (port: number): Promise<number> => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  const down = async (): Promise<void> => {
    thaw();
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    cut();
    await closed;
  };
  const port = await listenSomewhere(listen);

  return {
    port,
    accepted: () => accepted,
    open: () => sockets.size,
    next(...faults) {
      queue.push(...faults);
    },
    always(fault) {
      standing = typeof fault === 'function' ? fault : () => fault;
    },
    cut,
    freeze() {
      frozen ??= Promise.withResolvers();
    },
    thaw,
    strand() {
      stranded = accepted;
    },
    down,
    async up() {
      if (!server.listening) await listen(port);
    },
    close: down,
  };
};

interface Carriage {
  readonly cut: () => void;
  readonly onTraffic: () => void;
  readonly thawed: () => Promise<void> | undefined;
  readonly held: (is: boolean) => void;
  /** Told of every piece that came, and of every one that goes on. */
  readonly got?: (piece: Buffer) => void;
  readonly sent?: (piece: Buffer) => void;
}

/**
 * Listens on a port that the system gives to no connection: while a proxy is down, one could have its port, and it would not come up
 * again. Most systems take those from 32768 on.
 */
const listenSomewhere = async (listen: (port: number) => Promise<number>): Promise<number> => {
  for (let tries = 1; ; tries += 1) {
    try {
      return await listen(randomInt(12_000, 32_000));
    } catch (error) {
      if (tries >= 20 || !(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'))
        throw error;
    }
  }
};

/** Carries bytes one way until the end of either side, with the fault. Never rejects. */
const carry = async (
  from: Socket,
  to: Socket,
  fault: LinkFault | undefined,
  { cut, onTraffic, thawed, held, got, sent }: Carriage,
): Promise<void> => {
  let carried = 0;
  const hold = async (until: Promise<unknown>): Promise<void> => {
    held(true);
    await until.finally(() => held(false));
  };
  const write = async (piece: Buffer): Promise<void> => {
    onTraffic();
    carried += piece.length;
    if (piece.length === 0 || to.destroyed || to.writableEnded) return;
    sent?.(piece);
    if (to.write(piece)) return;
    const over = new AbortController();
    const { signal } = over;
    // Whichever comes second must not be listened for any longer.
    await hold(
      Promise.race([once(to, 'drain', { signal }), once(to, 'close', { signal })]).finally(() =>
        over.abort(),
      ),
    );
  };
  try {
    for await (const chunk of from.iterator({ destroyOnReturn: false })) {
      const piece = chunk as Buffer;
      got?.(piece);
      const thaw = thawed();
      if (thaw) await hold(thaw);
      onTraffic();
      const left = fault && 'afterBytes' in fault ? fault.afterBytes - carried : 0;
      switch (fault?.kind) {
        case 'reset':
          await write(piece.subarray(0, Math.max(left, 0)));
          if (piece.length >= left) return cut();
          break;
        case 'truncate':
          await write(piece.subarray(0, Math.max(left, 0)));
          if (piece.length < left) break;
          to.end();
          from.destroy();
          return;
        case 'stall':
          await write(piece.subarray(0, Math.max(left, 0)));
          if (piece.length < left) break;
          from.pause();
          held(true);
          return;
        case 'corrupt': {
          const spoilt = Buffer.from(piece);
          spoilt.fill(0, Math.min(Math.max(left, 0), piece.length), Math.max(left + fault.bytes, 0));
          await write(spoilt);
          break;
        }
        case 'trickle':
          for (let at = 0; at < piece.length && !to.destroyed; at += fault.bytes) {
            await hold(sleep(fault.everyMs));
            await write(piece.subarray(at, at + fault.bytes));
          }
          break;
        case 'delay':
          await hold(sleep(fault.ms));
          await write(piece);
          break;
        case 'refuse':
        case undefined:
          await write(piece);
      }
    }
    to.end();
  } catch {
    // The end of one side in disorder is passed on as such.
    to.destroy();
  }
};

/**
 * Draws a fault for a connection: `random` decides kind, place and measure. Waits are of up to `longestMs`, places
 * within the first `bytes` bytes.
 */
export const drawLinkFault = (
  random: () => number,
  { longestMs = 30_000, bytes = 4_000 }: { readonly longestMs?: number; readonly bytes?: number } = {},
): LinkFault => {
  const upTo = (most: number): number => Math.floor(random() * (most + 1));
  const faults: readonly (() => LinkFault)[] = [
    () => ({ kind: 'refuse' }),
    () => ({ kind: 'reset', afterBytes: upTo(bytes) }),
    () => ({ kind: 'reset', afterBytes: upTo(bytes), of: 'request' }),
    () => ({ kind: 'truncate', afterBytes: upTo(bytes) }),
    () => ({ kind: 'stall', afterBytes: upTo(bytes) }),
    () => ({ kind: 'stall', afterBytes: upTo(bytes), of: 'request' }),
    () => ({ kind: 'trickle', bytes: 1 + upTo(500), everyMs: 1 + upTo(longestMs / 10) }),
    () => ({ kind: 'corrupt', afterBytes: upTo(bytes), bytes: 1 + upTo(20) }),
    () => ({ kind: 'delay', ms: upTo(longestMs) }),
  ];
  const draw = faults[upTo(faults.length - 1)] ?? (() => ({ kind: 'refuse' }));
  return draw();
};
