import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One POST that arrived. */
export interface ReceivedAlert {
  readonly id: string;
  readonly body: unknown;
}

/** A receiver of webhooks on this machine, as somebody's own endpoint would be. */
export interface LocalReceiver {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts a webhook receiver on a free loopback port; `onAlert` is told of every JSON body. */
export const createWebhookReceiver = async (
  onAlert: (alert: ReceivedAlert) => void,
): Promise<LocalReceiver> => {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      response.writeHead(204).end();
      onAlert({
        id: String(request.headers['webhook-id'] ?? ''),
        body: JSON.parse(Buffer.concat(chunks).toString('utf8')),
      });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/alerts`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
