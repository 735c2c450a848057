import { setTimeout as sleep } from 'node:timers/promises';
import { createGenerator } from '../src/simulator/generator.ts';
import { createSimulator } from '../src/simulator/simulator.ts';
import { KEY, SECRET } from '../test/support/installation.ts';
import { createArrivals, preciseNow } from './receiver.ts';

/*
 * Both ends of the way of an event, in one process and so on one clock: `node stage.ts EVENTS`. An Audit API to which
 * events are added one at a time, and the webhook receiver at which their alerts arrive. A round begins with
 * SIGUSR2 and ends with a `stage.done.N` line: for every event, the ms to its arrival from the request that could first
 * see it, and from its becoming visible.
 */

const EVENTS = Number(process.argv[2]);
/** So old are events when they become visible: beyond `settle`, so that nothing but the next pass is waited for. */
const AGE_MS = 10_000;
/** What lies in the window anyway. */
const ORDINARY = 200;
const GIVE_UP_MS = 10_000;

const simulator = await createSimulator({
  accounts: [{ key: KEY, secret: SECRET }],
  now: preciseNow,
  keepRequests: 1_000_000,
});
const generator = createGenerator({ seed: 'stage', account: KEY });
simulator.add(KEY, generator.burst(ORDINARY, Date.now() - 3_600_000, 3_000_000));

const arrived = new Map<string, number>();
let onArrival = (): void => {};
const receiver = await createArrivals(({ atMs, body }) => {
  const alert = JSON.parse(body) as { readonly event_ids: readonly string[] };
  for (const id of alert.event_ids) if (!arrived.has(id)) arrived.set(id, atMs);
  onArrival();
});

/** Resolves when the event has arrived; rejects when it takes too long. */
const arrival = (id: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`event ${id} did not arrive`)), GIVE_UP_MS);
    onArrival = () => {
      if (!arrived.has(id)) return;
      clearTimeout(timer);
      resolve();
    };
    onArrival();
  });

const round = async (): Promise<{ readonly fromPoll: number[]; readonly fromVisible: number[] }> => {
  const fromPoll: number[] = [];
  const fromVisible: number[] = [];
  for (let index = 0; index < EVENTS; index += 1) {
    // Evenly over more than one interval, so that no phase of the polling is preferred.
    await sleep((index * 37) % 150);
    const event = generator.any(Date.now() - AGE_MS, 'APP_CREATE');
    const visibleMs = preciseNow();
    simulator.add(KEY, event);
    await arrival(event.id);
    const atMs = arrived.get(event.id) ?? Number.NaN;
    const poll = simulator.requests
      .list()
      .find((request) => request.atMs >= visibleMs && request.method === 'GET');
    fromPoll.push(atMs - (poll?.atMs ?? Number.NaN));
    fromVisible.push(atMs - visibleMs);
  }
  return { fromPoll, fromVisible };
};

console.log(JSON.stringify({ event: 'stage.listening', api: simulator.url, hook: receiver.url }));
let turn = 0;
process.on('SIGUSR2', () => {
  turn += 1;
  const event = `stage.done.${turn}`;
  round().then(
    (delays) => console.log(JSON.stringify({ event, ...delays })),
    (error: unknown) => console.log(JSON.stringify({ event, error: String(error) })),
  );
});
process.on('SIGTERM', () => {
  receiver.close();
  void simulator.close();
});
