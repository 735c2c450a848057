import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { auditEvent, decided } from '../store/fixtures.ts';
import { type ApiRig, createApiRig } from '../support/api-rig.ts';
import { ruleOf } from '../support/installation.ts';

/*
 * Whatever people ask, polls and deliveries of the same process go on: no request keeps the event loop for longer than 50 ms.
 * Measured as time of the processor that one turn took, so that other processes do not count.
 */

const RULE_ID = '5c1d8a52-6a27-4f5b-9d1c-0d4f3f6f5a02';
const EVENTS = 60_000;

let rig: ApiRig;
beforeAll(async () => {
  rig = await createApiRig({
    rules: {
      'all.yml': `${ruleOf('All', 'low', ['NUMBER_UPDATED', 'LOGIN'])}\nid: ${RULE_ID}\n`,
    },
  });
  for (let from = 0; from < EVENTS; from += 5_000) {
    const events = Array.from({ length: 5_000 }, (_, n) =>
      auditEvent(`e${from + n}`, from + n, {
        event_type: n % 2 === 0 ? 'NUMBER_UPDATED' : 'LOGIN',
        user_email: `u${n}@example.com`,
        source_ip: '203.0.113.9',
        filler: 'x'.repeat(300),
      }),
    );
    const alerts = events
      .filter((_, n) => n % 5 === 0)
      .map((event) =>
        decided(`alert ${event.id}`, ['console'], {
          eventIds: [event.id],
          events: [event.fields],
          rule: { id: RULE_ID, title: 'All', level: 'low', tags: [], references: [] },
        }),
      );
    await rig.commit(events, alerts);
  }
  rig.clock.nowMs += EVENTS * 1_000;
  // What is loaded and compiled at the first request of all is measured by `bench start`.
  await rig.ask('/session');
}, 60_000);
afterAll(() => rig.close());

/** The longest turn, in ms of the processor, while `work` goes on. */
const longestTurn = async (work: Promise<unknown>): Promise<number> => {
  const state = { over: false };
  let longest = 0;
  const finished = work.finally(() => {
    state.over = true;
  });
  while (!state.over) {
    const before = process.threadCpuUsage();
    await setImmediate();
    const { user, system } = process.threadCpuUsage(before);
    longest = Math.max(longest, (user + system) / 1_000);
  }
  await finished;
  return longest;
};

it.each([
  ['a list of a thousand events', '/events?limit=1000', undefined],
  ['a search that finds nothing', '/events?search=nowhere-to-be-found', undefined],
  ['a search in the fields', '/events?user=nobody&ip=10.0.0.0/8', undefined],
  ['what took part in alerts', '/events?matched=true&user=nobody', undefined],
  ['a thousand alerts', '/alerts?limit=1000', undefined],
  ['a search in alerts', '/alerts?search=nowhere-to-be-found', undefined],
  ['deliveries of a state that none has', '/deliveries?state=dropped', undefined],
  ['a thousand deliveries', '/deliveries?limit=1000', undefined],
  ['counts', '/volume?from=60d&step=86400', undefined],
  ['event types', '/event-types', undefined],
  ['a calendar', '/completeness/default?from=700d', undefined],
  ['rules', '/rules', undefined],
  ['a silence of everything', '/silences/preview', { match: { level: '!critical' } }],
  ['a backtest', `/rules/${RULE_ID}/backtest`, { from: '2026-02-01' }],
  [
    'a backtest of a text',
    '/rules/backtest',
    { source: ruleOf('Mine', 'low', ['LOGIN']), from: '2026-02-01' },
  ],
] as const)('%s', async (_, path, body) => {
  const asked = rig.ask(path, body === undefined ? {} : { method: 'POST', body });
  const longest = await longestTurn(asked);
  expect((await asked).status).toBe(200);
  expect(longest).toBeLessThan(50);
});
