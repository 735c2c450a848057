import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createScope, type Scope } from '../../src/base/scope.ts';
import { createFaultProxy, drawLinkFault, type FaultProxy, type LinkFault } from './fault-proxy.ts';
import { createReceiver, type Receiver } from './receiver.ts';
import { createSmtpServer } from './smtp-server.ts';

let scope: Scope;
let receiver: Receiver;
let proxy: FaultProxy;
const BODY = 'x'.repeat(2_000);
beforeEach(async () => {
  scope = createScope();
  receiver = await createReceiver();
  scope.defer('receiver', () => receiver.close());
  receiver.answer({ headers: { 'content-length': '2000' }, body: BODY });
  proxy = await createFaultProxy(receiver.port);
  scope.defer('proxy', () => proxy.close());
});
afterEach(() => scope.close());

/** Says `text` over a connection of its own; resolves with all that came back and with how it ended. */
const say = (
  text: string,
  options: { readonly port?: number; readonly hangUpAfter?: number; readonly politely?: boolean } = {},
): Promise<{ readonly heard: string; readonly end: string; readonly pieces: number }> =>
  new Promise((resolve) => {
    const socket = connect(options.port ?? proxy.port, '127.0.0.1');
    let heard = '';
    let pieces = 0;
    let end = 'closed by us';
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString('latin1');
      pieces += 1;
      if (options.politely && pieces === 1) socket.write(text);
      if (heard.length >= (options.hangUpAfter ?? Number.POSITIVE_INFINITY)) socket.destroy();
    });
    socket.on('end', () => {
      end = 'ended';
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      end = error.code ?? 'error';
    });
    socket.on('close', () => resolve({ heard, end, pieces }));
    if (!options.politely) socket.write(text);
  });
const REQUEST = 'GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n';

describe('a fault proxy', () => {
  it('leaves alone what has no fault, in both directions', async () => {
    const { heard, end } = await say(REQUEST);
    expect(heard.endsWith(BODY)).toBe(true);
    expect(end).toBe('ended');
    expect(receiver.requests).toHaveLength(1);
    expect(proxy.accepted()).toBe(1);
  });

  it('resets, truncates and refuses', async () => {
    proxy.next({ kind: 'reset', afterBytes: 100 }, { kind: 'truncate', afterBytes: 100 }, { kind: 'refuse' });
    expect(await say(REQUEST)).toMatchObject({ end: 'ECONNRESET' });
    const truncated = await say(REQUEST);
    expect(truncated).toMatchObject({ end: 'ended' });
    expect(truncated.heard).toHaveLength(100);
    expect(await say(REQUEST)).toMatchObject({ heard: '', end: 'ECONNRESET' });
    expect(await say(REQUEST)).toMatchObject({ end: 'ended' });
  });

  it('cuts what the client sends: the server never sees the whole of it', async () => {
    proxy.next({ kind: 'reset', afterBytes: 10, of: 'request' });
    expect(await say(REQUEST)).toMatchObject({ heard: '', end: 'ECONNRESET' });
    expect(receiver.requests).toHaveLength(0);
  });

  it('stalls without an end', async () => {
    proxy.next({ kind: 'stall', afterBytes: 50 });
    const { heard, end } = await say(REQUEST, { hangUpAfter: 50 });
    expect(heard).toHaveLength(50);
    expect(end).toBe('closed by us');
    proxy.next({ kind: 'stall', afterBytes: 5, of: 'request' });
    const waiting = say(REQUEST);
    while (proxy.accepted() < 2) await new Promise(setImmediate);
    proxy.cut();
    expect((await waiting).heard).toBe('');
    expect(receiver.requests).toHaveLength(1);
  });

  it('trickles and delays, and loses nothing by it', async () => {
    proxy.next({ kind: 'trickle', bytes: 100, everyMs: 1 }, { kind: 'delay', ms: 1 });
    const trickled = await say(REQUEST);
    expect(trickled.heard.endsWith(BODY)).toBe(true);
    expect(trickled.pieces).toBeGreaterThan(5);
    expect((await say(REQUEST)).heard.endsWith(BODY)).toBe(true);
  });

  it('corrupts the bytes it was told to, and no others', async () => {
    const { heard: whole } = await say(REQUEST);
    proxy.next({ kind: 'corrupt', afterBytes: whole.length - 10, bytes: 3 });
    const { heard } = await say(REQUEST);
    expect(heard.slice(-10)).toBe('\0\0\0xxxxxxx');
    expect(heard).toHaveLength(whole.length);
  });

  it('is down and up again on the same port', async () => {
    await proxy.down();
    expect(await say(REQUEST)).toMatchObject({ end: 'ECONNREFUSED' });
    await proxy.up();
    expect(await say(REQUEST)).toMatchObject({ end: 'ended' });
  });

  it('holds up all that is on its way, and lets it go', async () => {
    proxy.freeze();
    const saying = say(REQUEST);
    while (proxy.accepted() === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(receiver.requests).toEqual([]);
    proxy.thaw();
    expect(await saying).toMatchObject({ end: 'ended' });
    expect(receiver.requests).toHaveLength(1);
  });

  it('leaves connections without an end, and new ones alone', async () => {
    const silent = connect(proxy.port, '127.0.0.1');
    let end = '';
    silent.on('error', (error) => {
      end = error.message;
    });
    while (proxy.accepted() === 0) await new Promise((resolve) => setImmediate(resolve));
    proxy.strand();
    silent.write(REQUEST);
    expect(await say(REQUEST)).toMatchObject({ end: 'ended' });
    expect(receiver.requests).toHaveLength(1);
    expect(end).toBe('');
    silent.destroy();
  });

  it('stands before a mail server as well', async () => {
    const mails = await createSmtpServer({ tls: 'none' });
    scope.defer('mails', () => mails.close());
    const before = await createFaultProxy(mails.port);
    scope.defer('proxy of mails', () => before.close());
    before.next(undefined, { kind: 'corrupt', afterBytes: 0, bytes: 3 });
    expect((await say('QUIT\r\n', { port: before.port, politely: true })).heard).toMatch(/^220 .*\r\n221 /s);
    expect((await say('QUIT\r\n', { port: before.port, politely: true })).heard).toMatch(/^\0\0\0 /);
  });

  it('draws the same faults from the same seed, and in time all there are', () => {
    const draw = (seed: number): readonly LinkFault[] => {
      let state = seed;
      const random = (): number => {
        state = (state * 48_271) % 2_147_483_647;
        return state / 2_147_483_647;
      };
      return Array.from({ length: 100 }, () => drawLinkFault(random));
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
    expect(new Set(draw(7).map(({ kind }) => kind)).size).toBe(7);
  });
});
