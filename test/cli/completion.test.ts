import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeCommand, everyCommand } from '../../src/cli/command-tree.ts';
import { completionScript, SHELLS } from '../../src/cli/completion-scripts.ts';
import { buildProgram } from '../../src/cli/program.ts';
import { runHere } from '../support/command.ts';
import { createInstallation, type Installation, KEY, ruleOf, SECRET } from '../support/installation.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const root = describeCommand(
  await buildProgram({ signal: new AbortController().signal, exit() {}, onHangup() {} }),
);

let installation: Installation;
let script: string;
beforeEach(async () => {
  installation = createInstallation('http://127.0.0.1:9', {
    accounts: ['retail', 'retail-two'].map((name) => ({ name, api_key: KEY, api_secret: SECRET })),
  });
  installation.rule('a.yml', ruleOf("It's; $(touch x) new", 'high', ['APP_CREATE']));
  // What a shell finds under the name of the program.
  const program = join(installation.folder, 'vonage-audit-monitor');
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`);
  chmodSync(program, 0o755);
  script = join(installation.folder, 'completion.bash');
  writeFileSync(script, (await runHere(['completion', 'bash'])).stdout);
});
afterEach(() => installation.remove());

/** What bash offers when Tab is pressed behind these words, of which the last one is begun. */
const complete = (...words: readonly string[]): readonly string[] => {
  const run = spawnSync(
    'bash',
    [
      '--norc',
      '-c',
      'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _vonage_audit_monitor; printf "%s\\n" "${COMPREPLY[@]}"',
      'bash',
      script,
      'vonage-audit-monitor',
      ...words,
    ],
    {
      cwd: installation.folder,
      env: { PATH: `${installation.folder}:${process.env.PATH ?? ''}` },
      encoding: 'utf8',
    },
  );
  expect(run.stderr).toBe('');
  return run.stdout.split('\n').filter((line) => line !== '');
};

describe('completion of bash', () => {
  it('knows commands and what is below them', () => {
    expect(complete('')).toEqual(root.children.map(({ path }) => path[0]));
    expect(complete('st')).toEqual(['status', 'state']);
    expect(complete('events', '')).toEqual(['tail', 'list', 'get', 'types']);
    expect(complete('completion', 'b')).toEqual(['bash']);
    // A value that is called like a command is none.
    expect(complete('export', '--account', 'x', 'ru')).toEqual([]);
  });

  it('knows options and their choices', () => {
    expect(complete('deliveries', 'list', '--st')).toEqual(['--state']);
    expect(complete('deliveries', 'list', '--state', 'p')).toEqual(['pending', 'parked']);
    expect(complete('deliveries', 'list', '--state', '=', 'p')).toEqual(['pending', 'parked']);
    expect(complete('status', '-')).toEqual(
      expect.arrayContaining(['-w', '--watch', '--json', '-c', '--help']),
    );
    expect(complete('events', 'list', '--limit', '')).toEqual([]);
  });

  it('knows files, and the names of the configuration, whatever is in them', () => {
    expect(complete('check', '-c', 'mon')).toEqual(['monitor.yml']);
    expect(complete('events', 'list', '-c', 'monitor.yml', '--account', '')).toEqual([
      'retail',
      'retail-two',
    ]);
    expect(complete('events', 'list', '-c', 'monitor.yml', '--account', 'retail-')).toEqual(['retail-two']);
    expect(complete('state', 'show', '-c', 'monitor.yml', '--rule', 'It')).toEqual([
      "It\\'s\\;\\ \\$\\(touch\\ x\\)\\ new",
    ]);
    // A configuration that is not there makes no noise.
    expect(complete('events', 'list', '-c', 'none.yml', '--account', '')).toEqual([]);
  });
});

describe.each(SHELLS)('the script for %s', (shell) => {
  const text = completionScript(shell, root);

  it('holds every command, option and choice', () => {
    for (const { path, options } of everyCommand(root)) {
      expect(text).toContain(path.at(-1) ?? '');
      for (const { names, value } of options) {
        for (const name of names)
          expect(text).toContain(
            shell === 'fish' ? name.replace(/^--/, '-l ').replace(/^-(?=\w$)/, '-s ') : name,
          );
        for (const choice of value?.choices ?? []) expect(text).toContain(choice);
      }
    }
  });
});

// A shell that is not installed cannot be asked; bash always is where this runs.
it.each(SHELLS.filter((shell) => spawnSync(shell, ['-c', ':']).error === undefined))(
  '%s finds its script right',
  (shell) => {
    const file = join(installation.folder, `script.${shell}`);
    writeFileSync(file, completionScript(shell, root));
    expect(spawnSync(shell, ['-n', file], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
  },
);
