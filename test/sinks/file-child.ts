/* A process of its own around a file sink, for a disk that refuses. Each line of its input is an id of an event. */
import { createInterface } from 'node:readline';
import { fileSink } from '../../src/sinks/file.ts';
import { fedEvent } from './fed-events.ts';
import { sampleDeps } from './sample.ts';

const [path = ''] = process.argv.slice(2);
const sink = fileSink.create(
  'sink',
  fileSink.options.parse({ path, max_size: 'off', daily: false }),
  sampleDeps(),
);

for await (const id of createInterface({ input: process.stdin })) {
  const event = fedEvent({ id }, { context: { padding: 'x'.repeat(3_000) } });
  const verdict = await sink.sendEvents?.([event], new AbortController().signal);
  process.stdout.write(`${JSON.stringify(verdict)}\n`);
}
await sink.close();
