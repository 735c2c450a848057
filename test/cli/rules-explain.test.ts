import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGenerator } from '../../src/simulator/generator.ts';
import { createSimulator } from '../../src/simulator/simulator.ts';
import { jsonLines, runHere } from '../support/command.ts';
import { runInProcess } from '../support/in-process.ts';
import { createInstallation, type Installation, KEY } from '../support/installation.ts';

let installation: Installation;
beforeEach(() => {
  installation = createInstallation('http://127.0.0.1:9');
});
afterEach(() => installation.remove());

const ID = '1f6b0a52-54f8-4b8e-9d39-0b8a3f1c0a11';
const RULE = [
  'title: Calls Forwarded',
  `id: ${ID}`,
  'name: calls_forwarded',
  'level: high',
  'logsource: {product: vonage, service: audit}',
  'detection:',
  '  selection: {event_type: NUMBER_UPDATED, context.voice-value|startswith: "sip:"}',
  '  expected: {user_email: bot@example.com}',
  '  condition: selection and not expected',
].join('\n');
const CORRELATION = [
  'title: Many Forwarded',
  'correlation: {type: event_count, rules: [calls_forwarded], group-by: [user_email], timespan: 1h, condition: {gte: 3}}',
].join('\n');

const explain = (...args: readonly string[]) =>
  runHere(['rules', 'explain', '--config', installation.config, ...args], { cwd: installation.folder });

const eventFile = (event: unknown): string => {
  const file = join(installation.folder, 'event.json');
  writeFileSync(file, typeof event === 'string' ? event : JSON.stringify(event));
  return file;
};
const EVENT = {
  event_type: 'NUMBER_UPDATED',
  user_email: 'bot@example.com',
  context: { 'voice-value': 'sip:a' },
};

describe('rules explain', () => {
  it('shows a rule over all accounts what it sees of an event: its account as well', async () => {
    const parts = RULE.replace(
      'event_type: NUMBER_UPDATED,',
      'event_type: NUMBER_UPDATED, account: default,',
    );
    const over = `${CORRELATION}\nmonitor: {scope: fleet}`;
    installation.rule('a.yml', `${parts.replace('bot@', 'other@')}\n---\n${over}`);
    const ran = await explain('Many Forwarded', '--event', eventFile(EVENT));
    expect(ran.stdout).toContain('It looks at the events of all accounts together.');
    expect(ran.stdout).toContain('account is "default" (saw "default")');
    expect(ran.stdout).toContain(' matches "Calls Forwarded":');
  });

  it.each([ID, 'calls_forwarded', 'Calls Forwarded', 'calls forwarded'])(
    'says in English what a rule looks for, named by %s',
    async (name) => {
      installation.rule('a.yml', RULE);
      const ran = await explain(name);
      expect(ran.stdout.split('\n').slice(0, 4)).toEqual([
        'Calls Forwarded (high)',
        'Looks at each event and asks for:',
        '- all of',
        '  - selection',
      ]);
      expect(ran.stdout).toContain('context.voice-value begins with "sip:"');
      expect(ran.code).toBe(0);
    },
  );

  it('takes a file, also one outside of the configuration', async () => {
    const file = join(installation.folder, 'mine.yml');
    writeFileSync(file, `${RULE}\n---\n${CORRELATION}`);
    const ran = await explain(file);
    expect(ran.stdout).toMatch(/^Calls Forwarded \(high\)\n/);
    expect(ran.stdout).toContain(
      'Alerts when there are at least 3 matches of "calls_forwarded" within 1h, for the same user_email.',
    );
  });

  it('shows for an event in a file what held, what did not, and what was seen', async () => {
    installation.rule('a.yml', RULE);
    const ran = await explain('calls_forwarded', '--event', eventFile(EVENT));
    expect(ran.stdout).toMatch(/event event \(NUMBER_UPDATED, .*\) does not match:\n/);
    expect(ran.stdout).toContain('✔ context.voice-value begins with "sip:" (saw "sip:a")');
    expect(ran.stdout).toMatch(/✘ not\n +✔ expected\n +✔ user_email is "bot@example.com"/);
    expect(ran.code).toBe(0);
  });

  it('shows for a correlation what its rules make of the event', async () => {
    installation.rule('a.yml', `${RULE}\n---\n${CORRELATION}`);
    const ran = await explain(
      'Many Forwarded',
      '--event',
      eventFile({ ...EVENT, user_email: 'a@b.example' }),
    );
    expect(ran.stdout).toMatch(/ matches "Calls Forwarded":\n/);
  });

  it('says that a rule with a memory or a time window depends on more than the event', async () => {
    installation.configure({ time_windows: { office: { hours: '09:00-17:00' } } });
    installation.rule('a.yml', `${RULE}\nmonitor: {changed: {field: context.voice-value}, outside: office}`);
    const at = (created_at: string) => eventFile({ ...EVENT, user_email: 'a@b.example', created_at });
    const night = await explain('calls_forwarded', '--event', at('2026-03-02T03:00:00'));
    expect(night.stdout).toContain('matches if it is new');
    expect(night.stdout).toContain('2026-03-02T03:00:00.000Z is outside the time window office');
    expect(night.stdout).toContain(
      'whether context.voice-value changed depends on the events before this one',
    );
    const day = await explain('calls_forwarded', '--event', at('2026-03-02T12:00:00'));
    expect(day.stdout).toContain('does not match');
    expect(day.stdout).toContain('is inside the time window office');
  });

  it('lets no event steer the terminal', async () => {
    installation.rule('a.yml', RULE);
    const nasty = '\u001b]0;owned\u0007\u009b2J\u202e';
    const event = eventFile({
      id: nasty,
      event_type: nasty,
      user_email: nasty,
      created_at: '2026-01-01T00:00:00Z',
    });
    for (const args of [[], ['--json']]) {
      const ran = await explain('calls_forwarded', '--event', event, ...args);
      // oxlint-disable-next-line eslint/no-control-regex -- these are the characters it is about
      expect(ran.stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
      expect(ran.stdout).toContain('owned');
    }
  });

  it('--json has the tree', async () => {
    installation.rule('a.yml', RULE);
    const ran = await explain('calls_forwarded', '--event', eventFile(EVENT), '--json');
    expect(jsonLines(ran.stdout)).toMatchObject([
      {
        rule: { id: ID, title: 'Calls Forwarded', level: 'high' },
        text: expect.stringContaining('Looks at each event'),
        event: { event_type: 'NUMBER_UPDATED' },
        findings: [{ matches: false, tree: { text: 'all of', holds: false } }],
      },
    ]);
  });

  it.each([
    [
      'no rule of that name, with a hint',
      ['Calls Forwardet'],
      /there is no rule.*did you mean "Calls Forwarded"\?/,
    ],
    ['a file that is missing', ['missing.yml'], /missing\.yml: no such file/],
    [
      'an event that is neither file nor known',
      ['calls_forwarded', '--event', 'e1'],
      /neither a file nor the id/,
    ],
    ['a source that is none', ['calls_forwarded', '--source', 'cloud'], /local, api/],
  ])('refuses %s', async (_, args, told) => {
    installation.rule('a.yml', RULE);
    const ran = await explain(...args);
    expect(ran.stderr).toMatch(told);
    expect(ran).toMatchObject({ code: 2, stdout: '' });
  });

  it.each([
    ['no JSON', '{', /event\.json: no JSON/],
    ['a list', '[]', /allowed is one event as a JSON object/],
    ['a time that is none', '{"event_type": "A", "created_at": "yesterday"}', /created_at is "yesterday"/],
    [
      'bottomless nesting',
      `{"id":"a","event_type":"b","created_at":"2026-01-01T00:00:00","x":${'['.repeat(300)}${']'.repeat(300)}}`,
      /single JSON object/,
    ],
  ])('refuses an event file with %s', async (_, text, told) => {
    installation.rule('a.yml', RULE);
    const ran = await explain('calls_forwarded', '--event', eventFile(text));
    expect(ran.stderr).toMatch(told);
    expect(ran.code).toBe(2);
  });

  it('finds an event by its id, in the store after a pass, and at the API', async () => {
    const simulator = await createSimulator();
    try {
      installation.configure({ api: { base_url: simulator.url, timeout: '2s' } });
      installation.rule('a.yml', RULE);
      const event = createGenerator({ seed: 'explain', account: KEY }).any(Date.now() - 60_000, 'USER_LOGIN');
      simulator.add(KEY, event);
      const remote = await explain('calls_forwarded', '--event', event.id, '--source', 'api');
      expect(remote.stdout).toContain(`event ${event.id} (USER_LOGIN, `);
      const early = await explain('calls_forwarded', '--event', event.id);
      expect(early.stderr).toMatch(/neither a file nor the id of an event.*--source api/);
      await (await runInProcess(installation.config, 'once')).done;
      const local = await explain('calls_forwarded', '--event', event.id);
      expect(local.stdout).toBe(remote.stdout);
      const unknown = await explain('calls_forwarded', '--event', 'nobody', '--source', 'api');
      expect(unknown.stderr).toMatch(/that the Audit API knows/);
    } finally {
      await simulator.close();
    }
  });
});
