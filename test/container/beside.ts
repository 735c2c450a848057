/*
 * What containers of several replicas need beside them, for smoke.sh: a PostgreSQL with the roles of docs/scale.md, and an Audit API
 * with several accounts.
 *
 *     node beside.ts FOLDER CONFIG ACCOUNTS SECRET   makes both and the configuration, says so in one JSON line, and has events happen
 *                                                    until SIGUSR2; SIGTERM ends it
 *     node beside.ts missing FOLDER LOG…             says what is not stored, not sent or not in any log, and ends with 1 then
 */
import { chownSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { parse, stringify } from 'yaml';
import { createGenerator } from '../../src/simulator/generator.ts';
import { createSimulator } from '../../src/simulator/simulator.ts';
import { createOwnPostgres } from '../support/own-postgres.ts';

/** The user of the image. */
const USER = 10_001;
const EVENT_EVERY_MS = 100;
const SCALE = new URL('../../docs/scale.md', import.meta.url);
const SHIPPED = new URL('../../config/monitor.yml', import.meta.url);

const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

const serve = async (folder: string, config: string, count: number, secret: string): Promise<void> => {
  const server = await createOwnPostgres(folder);
  await server.start();
  const query = async (database: string, sql: string): Promise<void> => {
    const client = new pg.Client(`${server.url}/${database}`);
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  };
  await query('postgres', 'CREATE DATABASE monitor TEMPLATE template0');
  await query('monitor', /```sql\n(.*?)```/s.exec(readFileSync(SCALE, 'utf8'))?.[1] ?? '');
  writeFileSync(join(folder, 'url'), `${server.url}/monitor`);

  const accounts = Array.from({ length: count }, (_, index) => ({ key: `key0000${index}`, secret }));
  const simulator = await createSimulator({ accounts });
  const put = (name: string, text: string): void => {
    const file = join(config, name);
    writeFileSync(file, text, { mode: 0o600 });
    chownSync(file, USER, USER);
  };
  const urlOf = (user: string, password: string): string =>
    `postgres://${user}:${password}@127.0.0.1:${server.port}/monitor\n`;
  put('owner_url', urlOf('vam_owner', 'change-me-1'));
  put('database_url', urlOf('vam_app', 'change-me-2'));
  put('secret', `${secret}\n`);
  put(
    'monitor.yml',
    stringify({
      ...(parse(readFileSync(SHIPPED, 'utf8')) as object),
      accounts: accounts.map(({ key }) => ({ name: key, api_key: key, api_secret_file: '/config/secret' })),
      api: { base_url: simulator.url },
      poll: { interval: '1s', overlap: '1m', settle: '0s', start: '1h' },
      store: { url_file: '/config/database_url' },
      rules: ['/app/rules'],
    }),
  );

  const trails = accounts.map(({ key }) => ({
    key,
    events: createGenerator({ seed: 'beside', account: key }),
  }));
  const happen = (): void => {
    for (const { key, events } of trails) simulator.add(key, events.any(Date.now()));
  };
  const happening = setInterval(happen, EVENT_EVERY_MS);
  const end = async (): Promise<void> => {
    clearInterval(happening);
    clearInterval(watching);
    await simulator.close();
    await server.stop();
    process.exit(0);
  };
  const parent = process.ppid;
  const watching = setInterval(() => {
    if (process.ppid !== parent) void end();
  }, 1_000);
  process.on('SIGTERM', () => void end());
  process.on('SIGUSR2', () => {
    clearInterval(happening);
    const ids = accounts.flatMap(({ key }) => simulator.ids(key));
    writeFileSync(join(folder, 'ids.json'), JSON.stringify(ids));
    say({ event: 'beside.quiet', events: ids.length });
  });
  say({ event: 'beside.ready', base_url: simulator.url });
};

const missing = async (folder: string, logs: readonly string[]): Promise<readonly string[]> => {
  if (!existsSync(join(folder, 'ids.json'))) return ['it is not quiet yet'];
  const client = new pg.Client(readFileSync(join(folder, 'url'), 'utf8'));
  await client.connect();
  const column = async (sql: string): Promise<readonly string[]> =>
    (await client.query<{ id: string }>(sql)).rows.map(({ id }) => id);
  try {
    const stored = await column('SELECT id FROM vonage_audit_monitor.events');
    const ids = JSON.parse(readFileSync(join(folder, 'ids.json'), 'utf8')) as readonly string[];
    const notStored = ids.filter((id) => !new Set(stored).has(id));
    const unsent = await column(
      "SELECT id || ' is ' || state AS id FROM vonage_audit_monitor.deliveries WHERE state NOT IN ('sent', 'folded')",
    );
    const sent = await column(
      `SELECT DISTINCT a.id FROM vonage_audit_monitor.alerts a
       JOIN vonage_audit_monitor.deliveries d ON d.alert = a.seq WHERE d.state = 'sent'`,
    );
    const told = logs.map((file) => readFileSync(file, 'utf8')).join('');
    return [
      ...(stored.length === new Set(stored).size ? [] : ['an event is stored twice']),
      ...(sent.length > 0 ? [] : ['nothing was sent at all']),
      ...notStored.map((id) => `event ${id} is not stored`),
      ...unsent.map((text) => `delivery ${text}`),
      ...sent.filter((id) => !told.includes(id)).map((id) => `alert ${id} is in no log`),
    ];
  } finally {
    await client.end();
  }
};

const [first = '', ...rest] = process.argv.slice(2);
if (first === 'missing') {
  const [folder = '', ...logs] = rest;
  const found = await missing(folder, logs);
  for (const line of found.slice(0, 10)) say({ missing: line });
  process.exitCode = found.length > 0 ? 1 : 0;
} else {
  const [config = '', count = '', secret = ''] = rest;
  await serve(first, config, Number(count), secret);
}
