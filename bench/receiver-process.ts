import { createArrivals } from './receiver.ts';

/*
 * A webhook receiver in a process of its own: `node receiver-process.ts COUNT [DELAY_MS]`. It answers after DELAY_MS, says where
 * it listens, and after every COUNT requests, how long they took from the first to the last.
 */

const expected = Number(process.argv[2]);
const delayMs = Number(process.argv[3] ?? 0);
let count = 0;
let firstMs = 0;
let turn = 0;
const receiver = await createArrivals(({ atMs }) => {
  count += 1;
  if (count === 1) firstMs = atMs;
  if (count < expected) return;
  turn += 1;
  console.log(JSON.stringify({ event: `receiver.done.${turn}`, count, ms: atMs - firstMs }));
  count = 0;
}, delayMs);
console.log(JSON.stringify({ event: 'receiver.listening', url: receiver.url }));
process.on('SIGTERM', receiver.close);
