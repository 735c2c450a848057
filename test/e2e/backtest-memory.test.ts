import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runProcess } from '../support/command.ts';
import { createInstallation, type Installation, ruleOf } from '../support/installation.ts';
import { writeEvents } from '../support/ndjson.ts';

let installation: Installation;
beforeEach(() => {
  installation = createInstallation('http://127.0.0.1:9');
});
afterEach(() => installation.remove());

describe('rules backtest over many events', () => {
  const COUNT = 200_000;

  it.each([
    ['in order', false],
    ['out of order, through temporary files', true],
  ])(
    'takes a file larger than its memory, %s',
    async (_, reversed) => {
      installation.rule('a.yml', ruleOf('Deleted', 'high', ['APP_DELETE']));
      const source = join(installation.folder, 'many.ndjson');
      writeEvents(source, COUNT, { reversed });
      const limitMb = 96;
      expect(statSync(source).size).toBeGreaterThan(limitMb * 1_048_576);
      const ran = await runProcess(['rules', 'backtest', '-c', installation.config, '--source', source], {
        nodeArgs: [`--max-old-space-size=${limitMb}`],
      });
      expect(ran.stderr).toBe('');
      expect(ran.stdout).toMatch(/^1 rule held against 200,000 events,/);
      expect(ran.stdout).toMatch(/high +20 /);
      expect(ran.code).toBe(0);
    },
    180_000,
  );
});
