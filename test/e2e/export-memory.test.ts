import { createReadStream, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openStore } from '../../src/store/open-store.ts';
import { auditEvent, decided, T0, take, windowOf } from '../store/fixtures.ts';
import { runProcess } from '../support/command.ts';
import { createInstallation, type Installation } from '../support/installation.ts';

const COUNT = 300_000;
const LIMIT_MB = 64;
const PART = COUNT / 5;
const PART_END = new Date(T0 + PART * 1_000).toISOString().replace('.000', '');

let installation: Installation;
beforeEach(async () => {
  installation = createInstallation('http://127.0.0.1:9');
  const store = openStore({ path: installation.database, now: Date.now, durability: 'off' });
  const lease = await take(store, 'tester', 3_600_000);
  const padding = 'x'.repeat(500);
  for (let from = 0; from < COUNT; from += 5_000) {
    const events = Array.from({ length: 5_000 }, (_, i) =>
      auditEvent(`e${String(from + i).padStart(6, '0')}`, from + i, {
        user_email: `user${i % 7}@example.com`,
        source_ip: '203.0.113.9',
        padding,
      }),
    );
    await store.collect.commitWindow(lease, windowOf(events), (fresh) => ({
      alerts: [decided(`a${from}`, ['hook'], { eventIds: fresh.slice(0, 100).map(({ id }) => id) })],
      state: [],
    }));
  }
  await store.close();
}, 120_000);
afterEach(() => installation.remove());

const countLines = async (path: string): Promise<number> => {
  let lines = 0;
  for await (const chunk of createReadStream(path))
    for (const byte of chunk as Buffer) if (byte === 10) lines += 1;
  return lines;
};

it.each([
  ['as lines', ['--alerts'], COUNT],
  // A fifth of them: already more than twice the memory.
  ['as a table, anonymised', ['--alerts', '--output', 'csv', '--anonymise', '--to', PART_END], PART],
])(
  'an export of 300,000 events takes less memory than they do, %s',
  async (_, args, events) => {
    const output = join(installation.folder, 'out');
    const ran = await runProcess(['export', '-c', installation.config, '--file', output, ...args], {
      nodeArgs: [`--max-old-space-size=${LIMIT_MB}`],
    });
    expect(ran).toMatchObject({ code: 0, stderr: `${events.toLocaleString('en-US')} events in ${output}\n` });
    expect(await countLines(output)).toBe(events + (args.includes('csv') ? 1 : 0));
    expect(statSync(output).size).toBeGreaterThan((events / COUNT) * 3 * LIMIT_MB * 1_048_576);
  },
  240_000,
);
