import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createScope, type Scope } from '../../src/base/scope.ts';
import { deliveryPage, silence } from '../../src/server/alert-shapes.ts';
import { createGenerator } from '../../src/simulator/generator.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { type Ran, runHere } from '../support/command.ts';
import { runInProcess } from '../support/in-process.ts';
import { installationIn, receiverIn, simulatorIn } from '../support/in-scope.ts';
import { type Installation, KEY, ruleOf } from '../support/installation.ts';
import type { Receiver } from '../support/receiver.ts';

let scope: Scope;
let simulator: Simulator;
let hook: Receiver;
let installation: Installation;
const RULE = '1f6b0a52-54f8-4b8e-9d39-0b8a3f1c0a11';

beforeEach(async () => {
  scope = createScope();
  simulator = await simulatorIn(scope);
  hook = await receiverIn(scope);
  installation = installationIn(scope, simulator.url, {
    sinks: { console: { type: 'log' }, hook: { type: 'webhook', url: hook.url } },
    routes: [{ match: { kind: 'rule' }, to: ['hook'] }, { to: ['console'] }],
  });
  installation.rule(
    'app.yml',
    ruleOf('App\u001b[31m made', 'high', ['APP_CREATE']).replace('logsource', `id: ${RULE}\nlogsource`),
  );
});
afterEach(() => scope.close());

const generator = createGenerator({ seed: 'deliveries', account: KEY });
const addEvent = (): void => simulator.add(KEY, generator.any(Date.now() - 2_000, 'APP_CREATE'));
const command = (...args: readonly string[]): Promise<Ran> =>
  runHere([...args, '--config', installation.config]);
const once = async (): Promise<boolean> => (await runInProcess(installation.config, 'once')).done;
const listed = async (...args: readonly string[]): Promise<readonly Record<string, unknown>[]> =>
  (await command('deliveries', 'list', '--json', ...args)).stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('deliveries', () => {
  it('are listed, shown, retried and dropped, with who and why in their story', async () => {
    hook.answer({ status: 403, body: 'no such tenant' });
    addEvent();
    expect(await once()).toBe(false);
    const [parked, ...more] = await listed('--state', 'parked');
    expect(more).toEqual([]);
    expect(deliveryPage.shape.items.element.parse(parked)).toMatchObject({
      sink: 'hook',
      state: 'parked',
      attempts: 1,
      level: 'high',
    });
    const id = String(parked?.['id']);
    const table = await command('deliveries', 'list', '--sink', 'hook');
    expect(table.stdout).toMatch(/^DELIVERY +CREATED \(UTC\) +SINK +STATE +TRIES +ALERT +LAST ANSWER\n/);
    expect(table.stdout).toContain('no such tenant');
    expect(table.stdout).not.toContain('\u001b');

    hook.answer({ status: 202 });
    const retried = await command(
      'deliveries',
      'retry',
      id,
      '--author',
      'alice',
      '--reason',
      'tenant is back',
    );
    expect(retried.stdout).toBe('1 delivery is due again\n');
    expect(await once()).toBe(true);
    const shown = await command('deliveries', 'show', id);
    expect(shown.code).toBe(0);
    expect(shown.stdout).toMatch(/^HIGH {2}App.*made \(default\)\n/);
    expect(shown.stdout).not.toContain('\u001b');
    expect(shown.stdout).toMatch(/event +\S+ {2}APP_CREATE {2}.* seen .* later/);
    expect(shown.stdout).toMatch(new RegExp(`hook {2}${id} {2}sent `));
    expect(shown.stdout).toContain('why      route: route 1 (kind=rule)');
    expect(shown.stdout).toMatch(/try 1 .*rejected.*HTTP 403.*no such tenant/);
    expect(shown.stdout).toMatch(/try 2 .*sent.*HTTP 202/);
    expect(shown.stdout).toMatch(/act .*delivery\.retried by alice: tenant is back/);
    const story = JSON.parse(
      (await command('deliveries', 'show', String(parked?.['alert']), '--json')).stdout,
    ) as {
      readonly deliveries: readonly { readonly id: string; readonly acts: readonly object[] }[];
    };
    expect(story.deliveries).toMatchObject([
      { id, state: 'sent', acts: [{ act: 'delivery.retried', by: 'alice', detail: 'tenant is back' }] },
    ]);
  });

  it('are given up only on request, and by what restricts them', async () => {
    hook.answer({ status: 404 });
    addEvent();
    addEvent();
    await once();
    expect((await command('deliveries', 'drop', '--rule', 'another')).stderr).toContain(
      'nothing of this is parked',
    );
    expect((await command('deliveries', 'drop', '--to', '1h')).code).toBe(2);
    const dropped = await command('deliveries', 'drop', '--rule', RULE, '--reason', 'tests');
    expect(dropped.stdout).toBe('2 deliveries are dropped\n');
    expect((await listed('--state', 'dropped')).length).toBe(2);
    expect(await command('deliveries', 'list', '--state', 'parked')).toMatchObject({
      stdout: 'nothing is parked\n',
    });
    expect((await command('deliveries', 'parked')).stdout).toBe('nothing is parked\n');
  });

  it.each([
    [['deliveries', 'retry'], 'say which: ids, --sink, --rule, --from or --to; or --all'],
    [['deliveries', 'drop', 'x', '--all'], 'name deliveries by id, or take --all; not both'],
    [
      ['deliveries', 'retry', '--sink', 'hok'],
      'no sink is called "hok"; there are console, hook; did you mean "hook"?',
    ],
    [['deliveries', 'show', 'nothing'], 'there is no delivery and no alert with the id "nothing"'],
    [['deliveries', 'list', '--state', 'lost'], 'Allowed choices are pending, sending, sent, parked'],
    [['deliveries', 'list', '--from', 'yesterday'], 'Allowed: a day such as 2026-01-31'],
    [['deliveries', 'list', '--limit', '0'], 'Allowed: a whole number from 1 to 1000000'],
  ])('%j is refused with what is allowed', async (args, message) => {
    await once();
    const ran = await command(...args);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain(message);
  });

  it('says so where there is no store yet', async () => {
    const ran = await command('deliveries', 'list');
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain(`there is no store at ${installation.database}`);
  });
});

describe('silences', () => {
  it('hide what they match, are listed, and tell what they hid when they are ended', async () => {
    await once();
    const added = await command(
      'silences',
      'add',
      '--match',
      `rule=${RULE}`,
      '--match',
      'level!=critical',
      '--for',
      '2h',
      '--reason',
      'rotation',
      '--author',
      'bob',
    );
    expect(added.code).toBe(0);
    const id = added.stdout.trim();
    expect(added.stderr).toContain(`hides rule=${RULE}, level!=critical until `);
    addEvent();
    addEvent();
    expect(await once()).toBe(true);
    expect(hook.requests).toEqual([]);
    const table = (await command('silences', 'list')).stdout;
    expect(table).toMatch(
      new RegExp(`${id.slice(0, 8)} +in force .* 2 +bob +rule=${RULE}, level!=critical +rotation`),
    );
    const running = await runInProcess(installation.config);
    const ended = await command('silences', 'expire', id.slice(0, 8), '--author', 'carol');
    expect(ended.stdout).toContain(`silence ${id} has ended`);
    await running.until((line) => line['event'] === 'silence.ended');
    const [request] = await hook.received(1);
    await running.stop();
    const told = JSON.parse(request?.body ?? '{}') as Record<string, unknown>;
    expect(told).toMatchObject({ kind: 'summary', level: 'high', summary: { reason: 'silenced', total: 2 } });
    expect(told['message']).toContain('A silence by bob ("rotation") has ended. It hid 2 alerts');
    expect((await command('silences', 'list')).stdout).toBe('there are none\n');
    const [record] = (await command('silences', 'list', '--ended', '--json')).stdout.split('\n');
    expect(silence.parse(JSON.parse(record ?? ''))).toMatchObject({
      id,
      state: 'ended',
      hidden: 2,
      expired: { by: 'carol' },
    });
    const [delivery] = await listed('--state', 'silenced');
    expect((await command('deliveries', 'show', String(delivery?.['id']))).stdout).toMatch(
      /why +silenced: silence .* by bob: rotation\n.*told +in summary/,
    );
  });

  it.each([
    [['--for', '2h', '--reason', 'x'], 'a silence needs at least one matcher'],
    [['--match', 'level=high', '--for', '2h'], 'a silence needs a reason'],
    [['--match', 'level=high', '--reason', 'x'], 'say how long'],
    [['--match', 'level', '--for', '2h', '--reason', 'x'], 'Allowed: key=value'],
    [['--match', 'level=~(', '--for', '2h', '--reason', 'x'], 'no regular expression'],
    [['--match', 'level=high', '--for', '400d', '--reason', 'x'], 'at most 366 days'],
    [
      ['--match', 'level=high', '--for', '2h', '--hours', '25:00-26:00', '--reason', 'x'],
      'is no range of hours',
    ],
    [
      ['--match', 'level=high', '--for', '2h', '--during', 'night', '--reason', 'x'],
      'no time window is called "night"',
    ],
    [['--match', 'level=high', '--until', '2020-01-01', '--reason', 'x'], 'must end after it begins'],
  ])('%j is refused with what is allowed', async (args, message) => {
    await once();
    const ran = await command('silences', 'add', ...args);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain(message);
  });
});
