import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { createNameCheck, type NameCheck } from '../support/page-names.ts';

/* Whatever a page names exists. Links and anchors are looked at in docs.test.ts. */

const root = fileURLToPath(new URL('../..', import.meta.url));
const markdownIn = (folder: string): readonly string[] =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name));
const pages = [...markdownIn('.'), ...markdownIn('docs'), 'config/rules/README.md', 'test/FAILURES.md'];

let check: NameCheck;
beforeAll(async () => {
  check = await createNameCheck();
});

it.each(pages)('%s names only what exists', (page) => {
  expect(check(readFileSync(join(root, page), 'utf8'))).toEqual([]);
});

const sh = (line: string): string => `\`\`\`sh\n${line}\n\`\`\`\n`;

describe('the check sees', () => {
  it.each([
    [
      'a command that is none',
      'Run `vonage-audit-monitor deliver list`.',
      'command: "deliver" is no command',
    ],
    ['a subcommand that is none', 'Run `deliveries replay`.', 'command: "deliveries replay" is no command'],
    [
      'an option that a command lacks',
      sh('npm run -s monitor -- check --strict'),
      '"check" has no option --strict',
    ],
    [
      'the same in a table',
      '| `rules check [PATH…] [--nope]` | x |',
      'command: "rules check" has no option --nope',
    ],
    [
      'the same behind a comment and a pipe',
      sh('# x\nvonage-audit-monitor export --fmt csv | head'),
      '"export" has no option --fmt',
    ],
    [
      'the same in a container',
      sh('docker run x vonage-audit-monitor demo --fast'),
      '"demo" has no option --fast',
    ],
    ['an option that no command has', 'With `--everything`.', 'option: --everything'],
    ['an option of the configuration', 'Set `poll.intervall`.', 'system alert: poll.intervall'],
    ['the same, deeper', 'Set `sinks.slack.chanel`.', 'system alert: sinks.slack.chanel'],
    ['a kind of log line', 'See `delivery.lost`.', 'system alert: delivery.lost'],
    ['the same in a filter', sh(`jq 'select(.event == "poll.done")'`), 'log line: poll.done'],
    ['a system alert', 'Match `system.deaf`.', 'system alert: system.deaf'],
    ['a variable', 'Set `VONAGE_API_SECRETS`.', 'variable or type of event: VONAGE_API_SECRETS'],
    ['the same in a command', sh('SLACK_URL=x npm start'), 'variable or type of event: SLACK_URL'],
    ['a metric', 'Look at `vonage_audit_monitor_events_seen_total`.', 'metric: events_seen_total'],
    ['a file', 'See `test/chaos/night.ts`.', 'file: test/chaos/night.ts'],
    [
      'the same in a command',
      sh('kubectl apply -f deploy/kubernetes/all.yaml'),
      'file: deploy/kubernetes/all.yaml',
    ],
  ])('%s', (_, text, problem) => {
    expect(check(text)).toEqual([expect.stringContaining(problem)]);
  });

  it('nothing in what is right', () => {
    const right = [
      'Run `npm run -s monitor -- rules backtest --from 7d`, `deliveries retry [ID…] [--all]`, or `run --once`.',
      'Set `poll.interval`, `sinks.slack.channel`, `VONAGE_API_SECRET_FILE`; see `delivery.parked`, `system.blind`.',
      sh(
        'docker run -v data:/data vonage-audit-monitor\ndocker exec m vonage-audit-monitor check --config /x',
      ),
      'Ask for `vonage_audit_monitor_event_lateness_seconds_bucket`, look into `src/core/log.ts`.',
    ];
    expect(check(right.join('\n\n'))).toEqual([]);
  });
});
