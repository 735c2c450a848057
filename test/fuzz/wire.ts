import { connect } from 'node:net';
import { AuditError } from '../../src/core/audit-reader.ts';
import { compileMatch, matchText, matchValueProblem, parseMatcher } from '../../src/core/matcher.ts';
import { API_ROUTES } from '../../src/server/api-routes.ts';
import { createServer } from '../../src/server/server.ts';
import { clientUnderTest, NOW, never } from '../audit/client-under-test.ts';
import { auditEvent, decided } from '../store/fixtures.ts';
import { createApiRig } from '../support/api-rig.ts';
import { createReceiver } from '../support/receiver.ts';
import { type Chance, mutate, noise } from './mutate.ts';
import { type FuzzTarget, must, withInput } from './target.ts';

/* What comes in over the network, and matchers. */

const EVENT = {
  id: '3b1e9d5c-0d5c-4a57-9f0f-8f4d5c6b7a81',
  event_type: 'NUMBER_ASSIGN',
  event_type_description: 'Number assigned',
  created_at: '2026-01-02T03:04:05',
  account_id: 'abcd1234',
  user_email: 'alice@example.com',
  user_id: 42,
  source: 'CD',
  source_ip: '203.0.113.9',
  source_country: 'NL',
  context: { msisdn: '31201234567', country: 'NL', http: { answer: ['https://example.com', null, 1.5e300] } },
  _links: { self: { href: 'http://api.example/events/1' } },
};
const PAGES: readonly string[] = [
  JSON.stringify({
    _embedded: { events: [EVENT, { ...EVENT, id: 'two' }] },
    page: { size: 100, totalElements: 2, totalPages: 1, number: 1 },
    _links: { next: { href: 'http://elsewhere.example/' } },
  }),
  JSON.stringify({ page: { size: 100, totalElements: 0, totalPages: 0, number: 1 } }),
  JSON.stringify({ status: 400, error: 'Bad Request', message: 'date_from' }),
  '<html><body>Bad gateway</body></html>',
];

const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e300,
  42,
  '',
  ' ',
  '__proto__',
  '\u0000',
  '\ud83d',
  'x'.repeat(5_000),
  [],
  [[]],
  {},
  { id: 1 },
  '2026-02-30T00:00:00',
  '2026-01-02',
  '9'.repeat(40),
];

/** Still JSON, with one to three values in it replaced by odd ones, or taken away. */
const oddValues = (text: string, chance: Chance): string => {
  const root = JSON.parse(text) as object;
  for (let left = 1 + chance.int(3); left > 0; left -= 1) {
    let at = root as Record<string, unknown>;
    for (let depth = 0; depth < 6; depth += 1) {
      const keys = Object.keys(at);
      if (keys.length === 0) break;
      const key = chance.pick(keys);
      const value = at[key];
      if (typeof value === 'object' && value !== null && chance.random() < 0.9) {
        at = value as Record<string, unknown>;
        continue;
      }
      if (chance.random() < 0.2) delete at[key];
      else at[key] = chance.pick(ODD_VALUES);
      break;
    }
  }
  return JSON.stringify(root);
};

/** Mutated answers of the API: a page, or an AuditError; elements are events, or in quarantine, none is lost. */
export const answerTarget = async (): Promise<FuzzTarget> => {
  const api = await createReceiver();
  const { client, clock } = clientUnderTest(api.url, { retries: 0 });
  return {
    async once(chance) {
      const way = chance.random();
      const body =
        way < 0.05
          ? noise(chance)
          : way < 0.5
            ? oddValues(PAGES[0] ?? '', chance)
            : mutate(chance.pick(PAGES), PAGES, chance);
      const headers = {
        ...(chance.random() < 0.1 && {
          'content-type': chance.pick(['text/html', 'application/json; charset=utf-16', '']),
        }),
        ...(chance.random() < 0.05 && {
          'content-encoding': chance.pick(['gzip', 'br', 'x', 'deflate, gzip']),
        }),
        ...(chance.random() < 0.1 && { date: chance.pick(['never', '0', 'Tue, 31 Feb 2026 99:00:00 GMT']) }),
        ...(chance.random() < 0.1 && { 'retry-after': chance.pick(['-1', '1e99', 'x', '999999999999']) }),
      };
      api.answer({
        status: chance.pick([200, 200, 200, 200, 206, 204, 302, 400, 401, 429, 500, 599]),
        headers,
        body,
      });
      const asked = api.requests.length;
      // Whatever pause an answer has asked for is over by the next one.
      clock.nowMs += 30 * 86_400_000;
      await withInput({ body, headers }, async () => {
        try {
          const page = await client.readPage({ fromMs: NOW - 60_000, toMs: NOW, page: 1 }, never);
          must(page.events.length + page.quarantined.length === page.count, 'an element was lost', body);
          for (const event of page.events) {
            must(
              [event.id, event.eventType].every((text) => typeof text === 'string' && text !== ''),
              'an event without id or type',
              body,
            );
            must(Number.isFinite(event.createdAtMs), 'an event without a time', body);
            must(typeof JSON.parse(event.json) === 'object', 'an event that is no JSON', body);
          }
          for (const { reason, key } of page.quarantined)
            must(reason !== '' && key !== '', 'quarantine without a reason', body);
        } catch (error) {
          if (!(error instanceof AuditError)) throw error;
          must(error.message !== '', 'an error without a text', body);
        }
        must(api.requests.length > asked, 'the API was not asked', body);
        must(!Object.hasOwn(Object.prototype, 'polluted'), 'a prototype was polluted', body);
      });
    },
    async close() {
      await client.close();
      await api.close();
    },
  };
};

const REQUESTS: readonly string[] = [
  'GET /livez HTTP/1.1\r\nhost: a\r\n\r\n',
  'GET /metrics HTTP/1.0\r\n\r\n',
  'GET /act/eyJ.abc HTTP/1.1\r\nhost: a\r\naccept: */*\r\ncookie: a=b\r\n\r\n',
  'POST /act/eyJ.abc HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 13\r\n\r\nname=a&note=b',
  'POST /act/x HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"a":\r\n0\r\n\r\n',
  'GET /readyz HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\nexpect: 100-continue\r\n\r\n',
  `GET /${'a/'.repeat(500)}?${'x=1&'.repeat(500)} HTTP/1.1\r\nhost: a\r\n\r\n`,
  `GET /livez HTTP/1.1\r\nhost: a\r\n${Array.from({ length: 300 }, (_, n) => `x-${n}: ${'y'.repeat(100)}`).join('\r\n')}\r\n\r\n`,
];

const API_BODIES: readonly string[] = [
  '{"match":{"level":["low","!high"],"rule":"~^a.*b$"},"reason":"x","duration":"2h","schedule":{"days":"sun","hours":"02:00-04:00"}}',
  '{"ids":["abc"],"sink":"hook","state":"parked","reason":"x"}',
  '{"token":"aaaaaaaaaaaaaaaaaaaaaaaa"}',
  `{"source":"title: x\\nlogsource: {product: vonage, service: audit}\\ndetection: {a: {event_type: LOGIN}, condition: a}\\nlevel: low","from":"1d"}`,
  '{}',
];
const API_QUERIES: readonly string[] = [
  'account=default&from=1d&to=2026-03-02&type=LOGIN,APP_CREATE&user=a&search=b&country=NL&ip=10.0.0.0/8&matched=true&limit=10&order=oldest',
  'level=high,low&kind=rule&status=firing&rule=x&after=WzEsMl0',
  'sink=hook&state=parked&alert=x&after=WzFd',
  'step=60&from=2026-03-01T00:00:00Z&to=2026-03-01T01:00:00Z',
  'types=event,alert&ended=true&subject=x&rule=y',
];

/** Mutated requests to every route of the HTTP API over a real store: an answer in shape, and never an error of ours. */
export const apiTarget = async (): Promise<FuzzTarget> => {
  const rig = await createApiRig();
  await rig.commit(
    [auditEvent('e1', 1), auditEvent('e2', 2)],
    [decided('One', ['console'], { eventIds: ['e1'] })],
  );
  const routes = API_ROUTES.filter(({ path }) => path !== '/stream' && path !== '/reload');
  const part = (chance: Chance, samples: readonly string[]): string =>
    chance.random() < 0.1
      ? noise(chance)
      : chance.random() < 0.3
        ? chance.pick(samples)
        : mutate(chance.pick(samples), samples, chance);
  return {
    async once(chance) {
      const route = chance.pick(routes);
      const path = route.path
        .replaceAll(
          /:\w+/g,
          () =>
            encodeURIComponent(
              chance.pick(['default', 'e1', 'none', part(chance, ['abc', 'a/b', '%', '..'])]).toWellFormed(),
            ) || 'x',
        )
        .concat('?', chance.random() < 0.5 ? encodeURI(part(chance, API_QUERIES).toWellFormed()) : '');
      const body = route.body === undefined ? undefined : part(chance, API_BODIES);
      await withInput({ method: route.method, path, body }, async () => {
        const answer = await rig.ask(path.replaceAll('#', ''), {
          method: route.method,
          ...(body !== undefined && { body }),
          ...(chance.random() < 0.1 && { token: part(chance, ['Bearer', 'aaaa']).replaceAll(/[^ -~]/g, '') }),
        });
        must(answer.status < 500, `an error of ours: ${answer.status} ${answer.text}`, path);
        must(!/ {4}at |node_modules|\.ts:\d/.test(answer.text), `a stack in an answer: ${answer.text}`, path);
        if (answer.status >= 400)
          must(
            typeof (answer.json as { error?: unknown } | undefined)?.error === 'string',
            `a refusal without a text: ${answer.text}`,
            path,
          );
        else if (route.answer)
          must(route.answer.safeParse(answer.json).success, `out of shape: ${answer.text}`, path);
        const failed = rig.lines.filter(({ event }) => event === 'http.error');
        must(failed.length === 0, JSON.stringify(failed), path);
        must(!Object.hasOwn(Object.prototype, 'polluted'), 'a prototype was polluted', path);
      });
    },
    close: () => rig.close(),
  };
};

/** Raw bytes to our own server, some of them never finished: it goes on answering, and tells nothing of its inside. */
export const serverTarget = async (): Promise<FuzzTarget> => {
  const failures: string[] = [];
  const fail = (event: string, fields: object = {}): void =>
    void failures.push(`${event} ${JSON.stringify(fields)}`);
  let clockMs = 0;
  const server = await createServer({
    listen: { host: '127.0.0.1', port: 0 },
    health: { ready: async () => ({ ready: true, reasons: [], detail: {} }) },
    metrics: { contentType: 'text/plain', render: async () => 'metric 1\n' },
    log: { debug() {}, info() {}, warn: fail, error: fail },
    acts: {
      look: async () => ({ status: 404, title: 'none', text: 'none' }),
      act: async () => ({ status: 404, title: 'none', text: 'none' }),
    },
    // The limit is not what is looked for.
    clockMs: () => (clockMs += 60_000),
  });
  const stalled = new Set<ReturnType<typeof connect>>();
  const talk = (bytes: string, finish: boolean): Promise<string> =>
    new Promise((resolve) => {
      let text = '';
      const socket = connect(server.address.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.on('data', (data: Buffer) => {
        text += data.toString('latin1');
      });
      socket.on('close', () => resolve(text));
      socket.write(bytes, 'latin1');
      if (finish) socket.end();
      else {
        // A slow sender: left alone with its half of a request; the oldest is hung up on when there are many.
        stalled.add(socket);
        if (stalled.size > 50) {
          const [oldest] = stalled;
          oldest?.destroy();
          if (oldest) stalled.delete(oldest);
        }
        resolve('');
      }
    });
  return {
    async once(chance: Chance) {
      const bytes = chance.random() < 0.1 ? noise(chance) : mutate(chance.pick(REQUESTS), REQUESTS, chance);
      await withInput(bytes, async () => {
        const text = await talk(bytes, chance.random() < 0.9);
        must(
          text === '' || /^HTTP\/1\.[01] [1-5]\d\d /.test(text),
          `an answer that is none: ${text.slice(0, 200)}`,
          bytes,
        );
        must(!/ {4}at |node_modules|\.ts:/.test(text), `a stack in an answer: ${text}`, bytes);
        must(!/^HTTP\/1\.1 5/m.test(text), `an error of ours: ${text}`, bytes);
        const alive = await fetch(`${server.url}/livez`);
        must(alive.status === 200, 'dead', bytes);
        await alive.text();
        must(failures.length === 0, failures.join('\n'), bytes);
      });
    },
    async close() {
      for (const socket of stalled) socket.destroy();
      await server.close();
    },
  };
};

const MATCHERS: readonly string[] = [
  'level=high',
  'rule!=x',
  'event_type=~^NUMBER_',
  'user_email!~.*@example\\.com$',
  'context.appId=a',
  ' a =~ (b|c)+ ',
  'x=~(?i)[a-z]{2,5}\\p{L}',
];

/** Mutated matchers: no matcher, a problem, or a function that answers. */
export const matcherTarget = async (): Promise<FuzzTarget> => ({
  async once(chance) {
    const text = chance.random() < 0.1 ? noise(chance) : mutate(chance.pick(MATCHERS), MATCHERS, chance);
    await withInput(text, () => {
      const parsed = parseMatcher(text);
      if (!parsed) return;
      const [key, value] = parsed;
      must(key !== '' && !/\s/.test(key), 'a key that is none', text);
      const problem = matchValueProblem(value);
      const match = { [key]: [value] };
      matchText(match);
      if (problem !== undefined) return must(problem !== '', 'a problem without a text', text);
      const holds = compileMatch(match);
      for (const said of ['', 'NUMBER_ASSIGN', 'a'.repeat(10_000), '\ud83d\0'])
        must(typeof holds(() => [said]) === 'boolean', 'no answer', text);
    });
  },
  async close() {},
});
