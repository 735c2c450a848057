import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type ApiRig, createApiRig } from '../support/api-rig.ts';

/* The files of the dashboard: exactly those that were built, to anybody; what they show takes a token. */

let folder: string;
let rig: ApiRig;
const SCRIPT = `export const x = ${JSON.stringify('y'.repeat(3_000))};\n`;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vam-dashboard-'));
  mkdirSync(join(folder, 'dist', 'assets'), { recursive: true });
  writeFileSync(join(folder, 'secret.json'), '{"secret":1}');
  writeFileSync(join(folder, 'dist', 'index.html'), '<!DOCTYPE html><title>ours</title>');
  writeFileSync(join(folder, 'dist', 'assets', 'index-Ab12_cd9.js'), SCRIPT);
  writeFileSync(join(folder, 'dist', 'assets', 'plain.css'), 'a{}');
  writeFileSync(join(folder, 'dist', 'icon.svg'), '<svg/>');
  writeFileSync(join(folder, 'dist', 'notes.txt'), 'not served');
  rig = await createApiRig({ dashboard: join(folder, 'dist') });
});
afterEach(async () => {
  await rig.close();
  rmSync(folder, { recursive: true, force: true });
});
const HTML = { accept: 'text/html,application/xhtml+xml' };

it('the first page is never kept, files that are named by their content for ever', async () => {
  const page = await rig.get('/', { token: null, headers: HTML });
  expect([page.status, page.text]).toEqual([200, '<!DOCTYPE html><title>ours</title>']);
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(page.headers.get('cache-control')).toBe('no-store');
  expect(page.headers.get('content-security-policy')).toBe(
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
  );
  const script = await rig.get('/assets/index-Ab12_cd9.js', { token: null });
  expect([script.status, script.text]).toEqual([200, SCRIPT]);
  expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
  expect(script.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  expect(script.headers.get('content-encoding')).toBe('gzip');
  const plain = await rig.get('/assets/plain.css', { token: null });
  expect(plain.headers.get('cache-control')).toBe('no-store');
  expect((await rig.get('/icon.svg', { token: null })).headers.get('content-type')).toMatch(/^image\/svg/);
});

it('compresses only for those who take it', async () => {
  const answer = await fetch(`${rig.server.url}/assets/index-Ab12_cd9.js`, {
    headers: { 'accept-encoding': 'identity' },
  });
  expect(answer.headers.get('content-encoding')).toBeNull();
  expect(await answer.text()).toBe(SCRIPT);
});

it('an address inside the dashboard is its first page; what is no page is not there', async () => {
  const inside = await rig.get('/events?user=x', { token: null, headers: HTML });
  expect(inside.text).toContain('ours');
  for (const [path, headers] of [
    ['/events', {}],
    ['/assets/gone-12345678.js', HTML],
    ['/api/v1/gone', HTML],
    ['/api', HTML],
    ['/notes.txt', {}],
  ] as const) {
    const answer = await rig.get(path, { headers });
    expect([path, answer.status, answer.json !== undefined]).toEqual([path, 404, true]);
  }
  for (const method of ['POST', 'PUT', 'DELETE'])
    expect((await rig.get('/', { method, body: {}, headers: HTML })).status).toBe(404);
});

it('no path leads out of the folder', async () => {
  symlinkSync(join(folder, 'secret.json'), join(folder, 'dist', 'late.json'));
  for (const path of [
    '/../secret.json',
    '/assets/../../secret.json',
    '/%2e%2e/secret.json',
    '/..%2fsecret.json',
    '/assets/..%5c..%5csecret.json',
    '//etc/passwd',
    '/assets/%00',
    // A link in the folder leads there.
    '/late.json',
  ]) {
    const answer = await rig.get(path, { token: null });
    expect([path, answer.status, answer.text.includes('secret')]).toEqual([path, 404, false]);
  }
});

it('a dashboard that was not built says how to build it', async () => {
  rmSync(join(folder, 'dist'), { recursive: true });
  const bare = await createApiRig({ dashboard: join(folder, 'dist') });
  const answer = await bare.get('/', { token: null, headers: HTML });
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  expect(answer.text).toContain('npm run build:dashboard');
  await bare.close();
});
