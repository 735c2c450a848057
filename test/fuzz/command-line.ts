import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProcess } from '../support/command.ts';
import { type Chance, mutate, noise } from './mutate.ts';
import { type FuzzTarget, must, withInput } from './target.ts';

/* Command lines, as processes of their own. `demo` and `simulator` run until they are stopped: only their help is asked for. */

const WORDS: readonly string[] = [
  'run',
  'check',
  'rules',
  'list',
  'test',
  'explain',
  'backtest',
  'new',
  'sinks',
  'routes',
  'silences',
  'add',
  'expire',
  'deliveries',
  'show',
  'retry',
  'drop',
  'parked',
  'feeds',
  '--config',
  '--once',
  '--insecure',
  '--event',
  '--alert',
  '--at',
  '--json',
  '--for',
  '2h',
  '--match',
  'level=high',
  '--reason',
  '--from',
  '30d',
  '--to',
  '--rule',
  '--source',
  'local',
  '--output',
  'sarif',
  'csv',
  'list',
  'show',
  'tail',
  'reset',
  '--yes',
  '--strict',
  '--days',
  'mon-fri',
  '--help',
  '--version',
  '--',
  '-',
  '-c',
  '--sink',
  '--state',
  '--all',
  '--waiting',
  '--ended',
  '--until',
  '2026-01-31T12:00:00Z',
  'x.yml',
  '-1',
  '99999999999d',
  '',
];
const COMMANDS = [
  'run',
  'check',
  'rules',
  'sinks',
  'routes',
  'silences',
  'deliveries',
  'feeds',
  'status',
  'events',
  'alerts',
  'accounts',
  'state',
  'config',
  'completion',
  'version',
  'help',
  'nonsense',
];

/** Words in any order, some of them mutated: an exit code of the documented ones, and no stack. */
export const commandLineTarget = async (): Promise<FuzzTarget> => {
  const cwd = mkdtempSync(join(tmpdir(), 'fuzz-cli-'));
  const word = (chance: Chance): string => {
    const chosen = chance.pick(WORDS);
    if (chance.random() < 0.8) return chosen;
    // A process cannot be given a NUL, and a slash could lead out of the folder that this may write to.
    const odd = chance.random() < 0.3 ? noise(chance) : mutate(chosen, WORDS, chance);
    return odd
      .replaceAll(/[\0/]|\.\./g, '')
      .toWellFormed()
      .slice(0, 2_000);
  };
  return {
    async once(chance) {
      const args = [chance.pick(COMMANDS), ...Array.from({ length: chance.int(7) }, () => word(chance))];
      await withInput(args, async () => {
        const { code, stdout, stderr } = await runProcess(args, { cwd });
        must([0, 1, 2].includes(code ?? -1), `exit code ${code}: ${stderr}`, args);
        must(!/^ {4}at /m.test(stderr), `a stack: ${stderr}`, args);
        must(code !== 2 || (stderr + stdout).trim() !== '', 'refused without a word', args);
        must(
          !stderr.startsWith('failed: TypeError') && !/is not a function|Cannot read prop/.test(stderr),
          stderr,
          args,
        );
      });
    },
    close: async () => rmSync(cwd, { recursive: true, force: true }),
  };
};
