import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPlanner } from '../../src/alerts/plan-deliveries.ts';
import { type AlertLinks, createAlertLinks } from '../../src/app/alert-links.ts';
import { stableId } from '../../src/base/hash.ts';
import { createScope, type Scope } from '../../src/base/scope.ts';
import type { Alert } from '../../src/core/alert.ts';
import type { Delivery } from '../../src/core/delivery.ts';
import type { LogFields } from '../../src/core/log.ts';
import type { Store } from '../../src/core/store.ts';
import { createServer, type Server } from '../../src/server/server.ts';
import { openStore } from '../../src/store/open-store.ts';
import { alertNumber } from '../deliver/harness.ts';

const T0 = Date.UTC(2026, 0, 2, 3, 4, 5);
let scope: Scope;
let store: Store;
let server: Server;
let links: AlertLinks;
let nowMs: number;
let lines: (LogFields & { readonly event: string })[];

const ALERT = alertNumber(1, {
  // As long as a real one: it is part of the link.
  id: stableId('an alert'),
  message: 'mallory <b>&"\'\u202e created a secret',
  createdAtMs: T0,
  decidedAtMs: T0,
});
const deliveryOf = (alert: Alert, sink = 'slack'): Delivery => ({
  id: `d-${alert.id}`,
  sink,
  alert,
  attempt: 1,
  createdAtMs: T0,
});

beforeEach(async () => {
  scope = createScope();
  const folder = mkdtempSync(join(tmpdir(), 'links-'));
  scope.defer('folder', async () => rmSync(folder, { recursive: true, force: true }));
  nowMs = T0 + 60_000;
  lines = [];
  const write = (event: string, fields: LogFields = {}): void => void lines.push({ ...fields, event });
  const log = { debug: write, info: write, warn: write, error: write };
  store = openStore({
    path: join(folder, 'monitor.db'),
    now: () => nowMs,
    durability: 'off',
    planner: createPlanner({
      routes: [{ match: undefined, to: ['slack'], continue: false }],
      windows: {},
      zone: { name: 'UTC', offsetMs: () => 0 },
      liveSinks: ['slack'],
    }),
  });
  scope.defer('store', () => store.close());
  links = createAlertLinks({
    externalUrl: 'https://audit.example.com/monitor/',
    key: await store.linkKey(),
    store,
    now: () => nowMs,
    log,
  });
  server = await createServer({
    listen: { host: '127.0.0.1', port: 0 },
    health: { ready: async () => ({ ready: true, reasons: [], detail: {} }) },
    metrics: { contentType: 'text/plain', render: async () => '' },
    log,
    acts: links,
  });
  scope.defer('server', () => server.close());
  await store.outbox.enqueue([{ alert: ALERT }]);
});
afterEach(() => scope.close());

/** The path of an action's link, as a proxy hands it to the server. */
const pathOf = (label: string, alert = ALERT, sink = 'slack'): string => {
  const action = links.actionsFor(deliveryOf(alert, sink)).find((each) => each.label === label);
  return new URL(action?.url ?? '').pathname.replace('/monitor', '');
};
const follow = async (path: string, form?: Record<string, string>) => {
  const answer = await fetch(`${server.url}${path}`, {
    ...(form && { method: 'POST', body: new URLSearchParams(form) }),
  });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
};
const silences = () => store.silences.list({ nowMs, ended: true });

describe('links in alerts', () => {
  it('begin with the external URL, and are the same on every attempt', () => {
    const [silence, expected] = links.actionsFor(deliveryOf(ALERT));
    expect(silence?.label).toBe('Silence for 1h');
    expect(expected?.label).toBe('Expected change');
    expect(silence?.url).toMatch(/^https:\/\/audit\.example\.com\/monitor\/act\/[\w.-]+$/);
    expect(links.actionsFor(deliveryOf(ALERT))).toEqual([silence, expected]);
  });

  it('are not given where they have no meaning', () => {
    const labels = (more: Partial<Alert>): string[] =>
      links.actionsFor(deliveryOf({ ...ALERT, ...more })).map(({ label }) => label);
    expect(labels({ kind: 'drill' })).toEqual([]);
    expect(labels({ kind: 'summary' })).toEqual([]);
    expect(labels({ status: 'resolved' })).toEqual([]);
    expect(labels({ unsilenceable: true })).toEqual(['Expected change']);
  });

  it('change nothing when they are only followed, as scanners of mail do', async () => {
    const path = pathOf('Silence for 1h');
    for (let times = 0; times < 3; times++) {
      const { status, text, headers } = await follow(path);
      expect(status).toBe(200);
      expect(text).toContain('mallory &lt;b&gt;&amp;&quot;&#39;');
      expect(text).not.toContain('\u202e');
      expect(text).toContain('<form method="post"');
      expect(headers.get('content-security-policy')).toMatch(
        /default-src 'none'; style-src 'sha256-.*form-action 'self'/,
      );
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
    }
    expect((await fetch(`${server.url}${path}`, { method: 'HEAD' })).status).toBe(200);
    expect(await silences()).toEqual([]);
    expect((await store.history.acts({})).items).toEqual([]);
  });

  it('silence the rule in its account for an hour when confirmed, once however often', async () => {
    const path = pathOf('Silence for 1h');
    const first = await follow(path, { name: 'alice <x>', note: 'rotation' });
    expect(first.status).toBe(200);
    expect(first.text).toContain('are silenced until 2026-01-02T04:05:05.000Z');
    expect((await follow(path, {})).text).toContain('silenced already');
    const [silence, more] = await silences();
    expect(more).toBeUndefined();
    expect(silence).toMatchObject({
      match: { rule: ['=r1'], account: ['=default'] },
      reason: 'rotation',
      endsAtMs: nowMs + 3_600_000,
    });
    expect(silence?.author).toMatch(/^alice <x> \(link [0-9a-f]{12} sent to slack\)$/);
    expect((await store.history.acts({})).items).toMatchObject([
      { act: 'silence.added', by: silence?.author, subject: silence?.id },
    ]);
    await store.outbox.enqueue([{ alert: alertNumber(2) }]);
    const { items } = await store.history.deliveries({ alertId: 'alert-2' });
    expect(items).toMatchObject([{ state: 'silenced', silence: silence?.id }]);
    expect(lines.filter(({ event }) => event === 'alert.acknowledged')).toHaveLength(2);
    // An hour later the same link may be used again.
    nowMs += 3_600_000;
    await follow(path, { name: 'alice' });
    expect(await silences()).toHaveLength(2);
  });

  it('record an expected change when confirmed, once, and silence nothing', async () => {
    const path = pathOf('Expected change');
    expect((await follow(path, { note: 'ticket 4711' })).text).toContain('recorded as an expected change');
    expect((await follow(path, {})).text).toContain('recorded already');
    expect((await store.history.acts({ subject: ALERT.id })).items).toMatchObject([
      { act: 'alert.acknowledged', detail: 'expected change: ticket 4711' },
    ]);
    expect(await silences()).toEqual([]);
  });

  it('are refused when forged, too old, or about an alert that is gone', async () => {
    const path = pathOf('Silence for 1h');
    expect((await follow(`${path}x`)).status).toBe(404);
    expect((await follow(`${path}x`, {})).status).toBe(404);
    expect((await follow(pathOf('Silence for 1h', alertNumber(9)), {})).status).toBe(410);
    nowMs += 7 * 86_400_000;
    expect((await follow(path)).status).toBe(410);
    expect((await follow(path, {})).status).toBe(410);
    expect(await silences()).toEqual([]);
  });

  it('stay good over a restart: the key is kept', async () => {
    expect(await store.linkKey()).toEqual(await store.linkKey());
    expect((await store.linkKey()).length).toBe(32);
  });

  it('take a small form and nothing else', async () => {
    const path = pathOf('Expected change');
    expect((await follow(path, { note: 'x'.repeat(20_000) })).status).toBe(413);
    const json = await fetch(`${server.url}${path}`, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'text/xml' },
    });
    expect(json.status).toBe(415);
    expect((await store.history.acts({})).items).toEqual([]);
  });
});
