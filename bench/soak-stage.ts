import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createGenerator } from '../src/simulator/generator.ts';
import { createSimulator } from '../src/simulator/simulator.ts';
import { KEY, SECRET } from '../test/support/installation.ts';
import { preciseNow } from './receiver.ts';

/*
 * Both ends of the soak, in one process and so on one clock: `node soak-stage.ts EVENTS PER_SECOND REPORT`. An Audit API
 * to which events are added from SIGUSR2 on, and webhook receivers told apart by their path: `/healthy…` takes
 * everything at once, `/slow` after a while, `/busy` so many a second and answers 429 to the rest, `/down` cuts half of
 * the time every connection. `soak.fed` says that all events are there; from then on `/down` stays up. The next SIGUSR2
 * has everything written to REPORT.
 */

const EVENTS = Number(process.argv[2]);
const PER_SECOND = Number(process.argv[3]);
const REPORT = String(process.argv[4]);

const TICK_MS = 50;
const SLOW_MS = 250;
const BUSY_PER_SECOND = 20;
const DOWN_FOR_MS = 10_000;

/** What one receiver took. */
interface Taken {
  /** How often each delivery was taken, with the alert in it. */
  readonly deliveries: Map<string, { readonly alert: string; times: number }>;
  /** Deliveries that came again with another alert in them. */
  changed: number;
  refused: number;
  /** From decided to received, ms, of the alerts about events. */
  readonly delaysMs: number[];
}

const receivers = new Map<string, Taken>();
const takenBy = (path: string): Taken => {
  const taken = receivers.get(path) ?? { deliveries: new Map(), changed: 0, refused: 0, delaysMs: [] };
  receivers.set(path, taken);
  return taken;
};

let fed = false;
let startedMs = preciseNow();
const isDown = (): boolean => !fed && Math.floor((preciseNow() - startedMs) / DOWN_FOR_MS) % 2 === 1;
let busySecond = 0;
let busyTaken = 0;
const isBusy = (): boolean => {
  const second = Math.floor(preciseNow() / 1_000);
  if (second !== busySecond) busyTaken = 0;
  busySecond = second;
  busyTaken += 1;
  return busyTaken > BUSY_PER_SECOND;
};

const take = (taken: Taken, text: string): void => {
  const atMs = preciseNow();
  const body = JSON.parse(text) as { id: string; delivery_id: string; kind: string; decided_at: string };
  const known = taken.deliveries.get(body.delivery_id);
  if (known && known.alert !== body.id) taken.changed += 1;
  if (known) known.times += 1;
  else taken.deliveries.set(body.delivery_id, { alert: body.id, times: 1 });
  if (body.kind === 'rule') taken.delaysMs.push(atMs - Date.parse(body.decided_at));
};

const answer = (request: IncomingMessage, response: ServerResponse, text: string): void => {
  const path = request.url ?? '';
  const taken = takenBy(path);
  if (path === '/down' && isDown()) {
    taken.refused += 1;
    request.socket.destroy();
  } else if (path === '/busy' && isBusy()) {
    taken.refused += 1;
    response.writeHead(429, { 'retry-after': '1' }).end('slow down');
  } else {
    take(taken, text);
    if (path === '/slow') setTimeout(() => response.end(), SLOW_MS);
    else response.end();
  }
};

const server = createServer((request, response) => {
  let text = '';
  request.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  request.on('end', () => answer(request, response, text));
});
server.keepAliveTimeout = 60_000;
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

const simulator = await createSimulator({ accounts: [{ key: KEY, secret: SECRET }], now: preciseNow });
const generator = createGenerator({ seed: 'soak', account: KEY });

/** Adds what should be there by now, so that a tick that comes late loses nothing. */
const feed = (): void => {
  startedMs = preciseNow();
  let added = 0;
  const timer = setInterval(() => {
    const due = Math.min(EVENTS, Math.ceil(((preciseNow() - startedMs) * PER_SECOND) / 1_000));
    const events = Array.from({ length: due - added }, () => generator.any(Date.now(), 'APP_CREATE'));
    simulator.add(KEY, events);
    added = due;
    if (added < EVENTS) return;
    clearInterval(timer);
    fed = true;
    console.log(JSON.stringify({ event: 'soak.fed' }));
  }, TICK_MS);
};

const report = (): void => {
  const lines = [...receivers].map(([path, { deliveries, ...figures }]) =>
    JSON.stringify({
      path,
      ...figures,
      deliveries: [...deliveries].map(([id, { times }]) => [id, times]),
    }),
  );
  writeFileSync(REPORT, lines.join('\n'));
  console.log(JSON.stringify({ event: 'soak.reported' }));
};

let signals = 0;
process.on('SIGUSR2', () => {
  signals += 1;
  if (signals === 1) feed();
  else report();
});
process.on('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
  void simulator.close();
});
const { port } = server.address() as AddressInfo;
console.log(
  JSON.stringify({ event: 'soak.listening', api: simulator.url, hooks: `http://127.0.0.1:${port}` }),
);
