import { writeFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createScope } from '../../src/base/scope.ts';
import { createGenerator } from '../../src/simulator/generator.ts';
import { openStore } from '../../src/store/open-store.ts';
import { runInProcess } from '../support/in-process.ts';
import { installationIn, simulatorIn } from '../support/in-scope.ts';
import { KEY, ruleOf, SECRET } from '../support/installation.ts';
import { createReceiver, type Receiver } from '../support/receiver.ts';

const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);
const RUNS = Number(process.env['RUNS'] ?? 6);
const SECOND = { key: 'second12', secret: 'second-secret' };

/** A configuration that may be put in force; all of them send every alert somewhere. */
interface Variant {
  readonly to: readonly ('a' | 'b')[];
  readonly second: boolean;
  readonly intervalMs: number;
  readonly pageSize: number;
  readonly overlapMin: number;
  /** Whether there is a rule beside the others; those must not notice. */
  readonly extraRule: boolean;
  readonly concurrency: number;
}
const WHOLE: Variant = {
  to: ['a', 'b'],
  second: true,
  intervalMs: 50,
  pageSize: 100,
  overlapMin: 10,
  extraRule: false,
  concurrency: 4,
};
const variant: fc.Arbitrary<Variant> = fc.record({
  to: fc.constantFrom<Variant['to']>(['a'], ['b'], ['a', 'b']),
  second: fc.boolean(),
  intervalMs: fc.integer({ min: 50, max: 90 }),
  pageSize: fc.constantFrom(3, 20, 100),
  overlapMin: fc.constantFrom(5, 10),
  extraRule: fc.boolean(),
  concurrency: fc.integer({ min: 1, max: 8 }),
});

type Happening =
  | { readonly what: 'events'; readonly second: boolean; readonly users: readonly number[] }
  | { readonly what: 'reload'; readonly variant: Variant; readonly wait: boolean }
  | { readonly what: 'nonsense' | 'pass' | 'failures' }
  | { readonly what: 'slow'; readonly ms: number };
const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      what: fc.constant('events' as const),
      second: fc.boolean(),
      users: fc.array(fc.nat(9), { minLength: 1, maxLength: 40 }),
    }),
  },
  { weight: 5, arbitrary: fc.record({ what: fc.constant('reload' as const), variant, wait: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      what: fc.constantFrom('nonsense', 'pass', 'failures'),
    }) as fc.Arbitrary<Happening>,
  },
  {
    weight: 1,
    arbitrary: fc.record({ what: fc.constant('slow' as const), ms: fc.integer({ min: 1, max: 300 }) }),
  },
);

interface Told {
  readonly kind: string;
  readonly event_ids: readonly string[];
  readonly rule: { readonly title: string };
}

const live = async (story: readonly Happening[]): Promise<Readonly<Record<string, readonly unknown[]>>> => {
  const scope = createScope();
  try {
    const simulator = await simulatorIn(scope, { accounts: [{ key: KEY, secret: SECRET }, SECOND] });
    const receivers: Record<'a' | 'b', Receiver> = { a: await createReceiver(), b: await createReceiver() };
    for (const one of Object.values(receivers)) scope.defer('receiver', () => one.close());
    const installation = installationIn(scope, simulator.url);

    const configure = (given: Variant): void => {
      const sinks = Object.fromEntries(
        given.to.map((name) => [
          name,
          { type: 'webhook', url: receivers[name].url, concurrency: given.concurrency, max_age: '1h' },
        ]),
      );
      installation.configure({
        accounts: [
          { name: 'first', api_key: KEY, api_secret: SECRET },
          ...(given.second ? [{ name: 'second', api_key: SECOND.key, api_secret: SECOND.secret }] : []),
        ],
        api: { base_url: simulator.url, page_size: given.pageSize },
        poll: {
          interval: `${given.intervalMs}ms`,
          settle: '0s',
          overlap: `${given.overlapMin}m`,
          start: '24h',
        },
        sinks,
        routes: [{ to: given.to }],
        http: { listen: 'off' },
        reload: { watch: false },
      });
      const types = given.extraRule ? ['USER_CREATE'] : ['USER_DELETE'];
      installation.rule('extra.yml', ruleOf('Never', 'low', types));
    };
    configure({ ...WHOLE, to: ['a'] });
    installation.rule('app.yml', ruleOf('Created', 'high', ['APP_CREATE']));
    installation.rule(
      'novel.yml',
      `${ruleOf('First', 'low', ['APP_CREATE'])}\nmonitor: {first_seen: {field: user_email, by: [account_id]}}\n`,
    );
    const monitor = await runInProcess(installation.config);
    scope.defer('monitor', async () => void (await monitor.stop()));

    const generator = createGenerator({ seed: `reload ${SEED}`, account: KEY });
    const expected = new Set<string>();
    const met = new Set<string>();
    const reload = async (wait: boolean): Promise<void> => {
      const from = monitor.lines.length;
      monitor.hangup();
      if (wait)
        await monitor.until(({ event }) => event === 'config.reloaded' || event === 'config.kept', from);
    };
    const ok = new Map<string, number>();
    // Fewer in a row than would open the circuit, whose first probe comes after half a minute.
    let failures = 0;
    let slowMs = 0;
    for (const name of ['a', 'b'] as const)
      receivers[name].answer(async ({ headers }) => {
        if (name === 'b' && slowMs > 0) await new Promise((resolve) => setTimeout(resolve, slowMs));
        if (name === 'a' && failures > 0) {
          failures -= 1;
          return { status: 503 };
        }
        const key = `${name} ${String(headers['webhook-id'])}`;
        ok.set(key, (ok.get(key) ?? 0) + 1);
        return {};
      });

    for (const happens of story) {
      switch (happens.what) {
        case 'events': {
          const [key, account] = happens.second ? [SECOND.key, 'second'] : [KEY, 'first'];
          const events = happens.users.map((user) => ({
            ...generator.any(Date.now() - 2_000, 'APP_CREATE'),
            account_id: key,
            user_email: `user${user}@example.com`,
          }));
          simulator.add(key, events);
          for (const { id } of events) expected.add(id);
          for (const user of happens.users) met.add(`${account} user${user}`);
          break;
        }
        case 'reload':
          configure(happens.variant);
          await reload(happens.wait);
          break;
        case 'nonsense':
          writeFileSync(installation.config, 'accounts: []\n');
          await reload(false);
          break;
        case 'pass':
          await monitor.until(({ event }) => event === 'poll.completed', monitor.lines.length);
          break;
        case 'failures':
          failures = 3;
          break;
        case 'slow':
          slowMs = happens.ms;
          break;
      }
    }
    slowMs = 0;
    failures = 0;
    configure(WHOLE);
    // The first line may be of a reload that was under way and had read what was there before; the second is not.
    await reload(true);
    await reload(true);
    // What is in force at last is what was asked for at last.
    const lastEvent = { ...generator.any(Date.now() - 1_000, 'APP_CREATE'), user_email: 'user0@example.com' };
    simulator.add(KEY, { ...lastEvent, account_id: KEY });
    expected.add(lastEvent.id);
    met.add('first user0');

    const alerts = (): readonly { readonly told: Told; readonly id: string; readonly by: string }[] =>
      (['a', 'b'] as const).flatMap((by) =>
        receivers[by].requests.map(({ body, headers }) => ({
          told: JSON.parse(body) as Told & { id: string },
          id: String(headers['webhook-id']),
          by,
        })),
      );
    const titled = (title: string) => alerts().filter(({ told }) => told.rule.title === title);
    // What waits for a receiver that failed may wait for a while.
    const store = openStore({ path: installation.database, now: Date.now });
    scope.defer('store', () => store.close());
    const isDone = async (): Promise<boolean> => {
      const counts = await store.status.deliveryCounts();
      const open = counts.filter(({ state }) => state === 'pending' || state === 'sending');
      const ids = new Set(titled('Created').flatMap(({ told }) => told.event_ids));
      return open.every(({ count }) => count === 0) && [...expected].every((id) => ids.has(id));
    };
    for (let looks = 0; looks < 600 && !(await isDone()); looks += 1)
      await monitor.until(({ event }) => event === 'poll.completed', monitor.lines.length);
    const done = await isDone();
    await monitor.stop();

    const events: string[] = [];
    for (const account of ['first', 'second']) {
      let after: string | undefined;
      do {
        const page = await store.history.events({ account, limit: 1_000, after });
        events.push(...page.items.map(({ id }) => id));
        after = page.next;
      } while (after !== undefined);
    }
    const created = titled('Created').filter(({ id, by }) => ok.has(`${by} ${id}`));
    const toldOf = new Map<string, Set<string>>();
    for (const { told } of created)
      for (const id of told.event_ids)
        toldOf.set(id, (toldOf.get(id) ?? new Set()).add((told as Told & { id: string }).id));
    const novel = new Set(titled('First').map(({ told }) => (told as Told & { id: string }).id));
    return {
      'it never gets quiet': done ? [] : ['restless'],
      'an event is not stored': [...expected].filter((id) => !events.includes(id)),
      'an event is stored twice': events.filter((id, index) => events.indexOf(id) !== index),
      'an event without an alert': [...expected].filter((id) => !toldOf.has(id)),
      'not sent where the last routes say': (['a', 'b'] as const).filter(
        (name) => !created.some(({ told, by }) => by === name && told.event_ids.includes(lastEvent.id)),
      ),
      'two alerts of one event': [...toldOf].filter(([, ids]) => ids.size > 1),
      'taken twice by a receiver': [...ok].filter(([, count]) => count > 1),
      'what a rule had met was forgotten, or made up': novel.size === met.size ? [] : [novel.size, met.size],
      'it failed': monitor.lines.filter(({ event }) => event === 'monitor.failed'),
    };
  } finally {
    await scope.close();
  }
};

describe('configurations that change under load', () => {
  it(`lose nothing and repeat nothing (seed ${SEED})`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(happening, { minLength: 5, maxLength: 25 }), async (story) => {
        const wrong = Object.entries(await live(story)).filter(([, list]) => list.length > 0);
        expect(Object.fromEntries(wrong)).toEqual({});
      }),
      { numRuns: RUNS, seed: SEED, endOnFailure: process.env['SHRINK'] === undefined },
    );
  }, 120_000);
});
