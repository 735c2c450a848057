import { createGenerator } from '../src/simulator/generator.ts';
import { createSimulator } from '../src/simulator/simulator.ts';
import { accountKey, SCALE_SECRET } from './scale-store.ts';

/*
 * `node scale-api.ts ACCOUNTS [LATENCY_MS [EVENTS]]`: an Audit API with so many quiet accounts, a few events in each. The second one
 * is always refused with 503, the third one answers after two seconds; with LATENCY_MS all answer after that time, and none is
 * refused; with EVENTS each has so many of them, spread over a day.
 */

const EVENTS_EACH = 5;
const SPREAD_MS = 240_000;
const SLOW_MS = 2_000;
const DAY_MS = 86_400_000;

const [count, latency, backlog] = process.argv.slice(2);
const [each, spreadMs] = backlog === undefined ? [EVENTS_EACH, SPREAD_MS] : [Number(backlog), DAY_MS];
const accounts = Array.from({ length: Number(count) }, (_, index) => ({
  key: accountKey(index),
  secret: SCALE_SECRET,
}));
const simulator = await createSimulator({ accounts });
const nowMs = Date.now();
for (const { key } of accounts) {
  const { burst } = createGenerator({ seed: 'scale', account: key });
  simulator.add(key, burst(each, nowMs - spreadMs, spreadMs));
}
if (latency !== undefined) {
  if (Number(latency) > 0) simulator.faults.add({ kind: 'slow', delayMs: Number(latency) });
} else if (accounts.length > 2) {
  simulator.faults.add({ kind: 'status', status: 503, account: accountKey(1) });
  simulator.faults.add({ kind: 'slow', delayMs: SLOW_MS, account: accountKey(2) });
}
process.on('SIGTERM', () => void simulator.close());
console.log(JSON.stringify({ event: 'api.listening', url: simulator.url }));
