import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createApiSource } from '../../src/app/api-source.ts';
import { load } from '../../src/app/load.ts';
import { plannerFor } from '../../src/app/planner.ts';
import type { Reload } from '../../src/app/reload.ts';
import type { Settings } from '../../src/config/settings.ts';
import type { NewAlert } from '../../src/core/decided.ts';
import type { AuditEvent } from '../../src/core/event.ts';
import type { Lease } from '../../src/core/lease.ts';
import type { LogFields } from '../../src/core/log.ts';
import type { Store } from '../../src/core/store.ts';
import { createServer, type Server } from '../../src/server/server.ts';
import { openStore } from '../../src/store/open-store.ts';
import { T0, take, windowOf } from '../store/fixtures.ts';
import { createInstallation, type Installation } from './installation.ts';

/** Tokens of the two roles. */
export const OPERATE = `operate-${randomBytes(12).toString('hex')}`;
export const VIEW = `view-${randomBytes(12).toString('hex')}`;
const TOKENS = [
  { name: 'ops', role: 'operate', token: OPERATE },
  { name: 'eve', role: 'view', token: VIEW },
] as const;

/** An answer with its body read. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Of a JSON answer. */
  readonly json: unknown;
}

/** What a test asks with. */
export interface Ask {
  readonly method?: string;
  /** Undefined: the token of {@link ApiRig}; null: none. */
  readonly token?: string | null;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** How far the clock of the limits goes on before the request: a test asks more than anybody. */
  readonly advanceMs?: number;
}

/** The API over a real server and a real store, with a clock that the test owns. */
export interface ApiRig {
  readonly server: Server;
  readonly store: Store;
  readonly installation: Installation;
  readonly lines: { readonly event: string; readonly fields: LogFields }[];
  readonly clock: { nowMs: number; tickMs: number };
  settings: Settings;
  readonly reloads: string[];
  readonly woken: { count: number };
  /** Under `/api/v1`. */
  ask(path: string, ask?: Ask): Promise<Answer>;
  /** At any path. */
  get(path: string, ask?: Ask): Promise<Answer>;
  /** Stores events of an account as one window, with the alerts that come of them. */
  commit(events: readonly AuditEvent[], alerts?: readonly NewAlert[], account?: string): Promise<void>;
  close(): Promise<void>;
}

export interface ApiRigOptions {
  readonly http?: object;
  readonly sections?: object;
  readonly rules?: Readonly<Record<string, string>>;
  readonly listenHost?: string;
  readonly dashboard?: string;
  readonly reload?: Reload;
  readonly env?: Readonly<Record<string, string>>;
  /** Files beside the configuration, readable by their owner alone. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Makes an {@link ApiRig}; the clock stands some minutes after T0. */
export const createApiRig = async (options: ApiRigOptions = {}): Promise<ApiRig> => {
  const http = { listen: '127.0.0.1:0', tokens: TOKENS, ...options.http };
  const installation = createInstallation('http://127.0.0.1:9', { ...options.sections, http });
  for (const [name, text] of Object.entries(options.rules ?? {})) installation.rule(name, text);
  for (const [name, text] of Object.entries(options.files ?? {}))
    writeFileSync(join(installation.folder, name), text, { mode: 0o600 });
  const clock = { nowMs: T0 + 600_000, tickMs: 0 };
  const now = (): number => clock.nowMs;
  const reload = () =>
    load({
      path: installation.config,
      env: options.env ?? {},
      cwd: installation.folder,
      packageDir: installation.folder,
      now,
    });
  const loaded = await reload();
  if (!loaded.ready) throw new Error(loaded.problems.map(({ message }) => message).join('\n'));
  const { settings, rules, texts } = loaded.ready;
  const store = openStore({
    path: installation.database,
    now,
    durability: 'off',
    planner: plannerFor(settings),
  });
  const lines: ApiRig['lines'] = [];
  const note = (event: string, fields: LogFields = {}): void => void lines.push({ event, fields });
  const log = { debug: note, info: note, warn: note, error: note };
  const reloads: string[] = [];
  const woken = { count: 0 };
  let lease: Lease | undefined;
  let sentAtMs = T0;
  const state = { settings };
  const api = createApiSource({
    store,
    storeKind: 'sqlite',
    listen: { host: options.listenHost ?? '127.0.0.1', port: 0 },
    settings: () => state.settings,
    rules: () => rules,
    ruleTexts: () => texts.rules,
    live: () => ({
      active: true,
      startedAtMs: T0,
      pollers: settings.accounts.map(({ name }) => ({
        account: name,
        lastCompletedMs: now,
        sinceCompletedMs: () => undefined,
        lastFailure: () => undefined,
      })),
      probe: () => store.status.probe(),
      config: { file: settings.file, hash: null, loaded_at: null, last_reload: null },
      apiBudget: null,
      redact: (text) => text,
    }),
    reload:
      options.reload ??
      (async (by) => {
        reloads.push(by);
        return { ok: true, changes: ['rules: 1 changed'], problems: [], needs_restart: [] };
      }),
    wake() {
      woken.count += 1;
    },
    now,
    log,
    clockMs: () => clock.tickMs,
    ...(options.dashboard !== undefined && { dashboard: options.dashboard }),
  });
  const server = await createServer({
    listen: { host: '127.0.0.1', port: 0 },
    health: { ready: async () => ({ ready: true, reasons: [], detail: {} }) },
    metrics: { contentType: 'text/plain', render: async () => 'metric 1\n' },
    log,
    api,
    mayReadMetrics: api.mayReadMetrics,
    clockMs: () => clock.tickMs,
  });

  const get = async (
    path: string,
    { method = 'GET', token = OPERATE, body, headers = {}, advanceMs = 7_000 }: Ask = {},
  ): Promise<Answer> => {
    clock.tickMs += advanceMs;
    const answer = await fetch(server.url + path, {
      method,
      redirect: 'manual',
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    const isJson = /json/.test(answer.headers.get('content-type') ?? '');
    return {
      status: answer.status,
      headers: answer.headers,
      text,
      json: isJson ? (JSON.parse(text) as unknown) : undefined,
    };
  };

  return {
    server,
    store,
    installation,
    lines,
    clock,
    get settings() {
      return state.settings;
    },
    set settings(changed) {
      state.settings = changed;
    },
    reloads,
    woken,
    get,
    ask: (path, ask) => get(`/api/v1${path}`, ask),
    async commit(events, alerts = [], account = 'default') {
      lease ??= await take(store, 'tester', 86_400_000_000);
      const toMs = Math.max(sentAtMs + 1_000, ...events.map(({ createdAtMs }) => createdAtMs + 1_000));
      const fromMs = Math.min(sentAtMs, ...events.map(({ createdAtMs }) => createdAtMs));
      sentAtMs = Math.max(sentAtMs, toMs);
      await store.collect.commitWindow(
        lease,
        windowOf(events, { account, fromMs, toMs, watermarkMs: toMs, nowMs: now() }),
        () => ({ alerts, state: [] }),
      );
    },
    async close() {
      await server.close();
      await store.close();
      if (existsSync(installation.folder)) installation.remove();
    },
  };
};
