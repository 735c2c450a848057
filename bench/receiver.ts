import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that was received whole, and when, epoch ms with fractions. */
export interface Arrival {
  readonly atMs: number;
  readonly body: string;
}

/** Epoch ms with fractions; the same clock in every process of the machine, but for what it is set by. */
export const preciseNow = (): number => performance.timeOrigin + performance.now();

/** Answers every POST with 200, after `delayMs`, and hands it on. Resolves when it listens on a free port of 127.0.0.1. */
export const createArrivals = async (
  onArrival: (arrival: Arrival) => void,
  delayMs = 0,
): Promise<{ readonly url: string; close(): void }> => {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      onArrival({ atMs: preciseNow(), body: Buffer.concat(chunks).toString('utf8') });
      if (delayMs > 0) setTimeout(() => response.end(), delayMs);
      else response.end();
    });
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
};
