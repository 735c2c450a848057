import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { accountKey, accountName, fillStore, SCALE_SECRET } from '../../bench/scale-store.ts';
import { createScope, type Scope } from '../../src/base/scope.ts';
import { openBrowser } from '../support/browser.ts';
import { type DashboardRig, OPERATE, openPage, startDashboard } from '../support/dashboard.ts';

/* A long list: what is drawn does not grow with it, and moving through it does not wait. */

const EVENTS = 8_000;

let scope: Scope;
let browser: Browser;
let rig: DashboardRig;
beforeAll(async () => {
  scope = createScope();
  browser = await openBrowser();
  scope.defer('browser', () => browser.close());
  const accounts = [{ name: accountName(0), api_key: accountKey(0), api_secret: SCALE_SECRET }];
  rig = await startDashboard(scope, { accounts }, async ({ database }) => {
    mkdirSync(dirname(database), { recursive: true });
    await fillStore(database, 1, EVENTS);
  });
}, 60_000);
afterAll(() => scope.close());

it(`${EVENTS} events are walked through to the last with a bounded document and no long wait`, async () => {
  const { context, page, wrongs } = await openPage(browser, rig.url, { token: OPERATE, path: '/events' });
  const list = page.getByRole('grid', { name: 'Events' });
  await page.getByRole('row').nth(5).waitFor();
  // Frames that took long while the list moves, seen from inside.
  await page.evaluate(`
    window.longest = 0;
    (() => { let last = performance.now(); const frame = (now) => { window.longest = Math.max(window.longest, now - last); last = now; requestAnimationFrame(frame); }; requestAnimationFrame(frame); })();
  `);
  const read = async (): Promise<number> =>
    Number((await page.locator('.grid-foot').innerText()).replaceAll(',', '').split(' ')[0]);
  let most = 0;
  for (let known = 0; known < EVENTS; ) {
    await list.evaluate((element) => element.scrollTo(0, element.scrollHeight));
    await expect.poll(read, { interval: 5 }).toBeGreaterThan(known);
    known = await read();
    most = Math.max(most, await page.locator('*').count());
  }
  await page.getByText(`${EVENTS.toLocaleString('en')} in all`).waitFor();
  // Rows in sight and some around them; the shell is the rest.
  expect(most).toBeLessThan(900);
  expect(await page.locator('.grid-body .grid-row').count()).toBeLessThan(60);
  // Back to what was let go: read again by its cursor.
  await list.evaluate((element) => element.scrollTo(0, 20_000));
  await page.locator('.grid-body .grid-row:not(:has(.skeleton-line))').first().waitFor();
  expect(await page.evaluate<number>('longest')).toBeLessThan(1_000);
  expect(wrongs).toEqual([]);
  await context.close();
}, 60_000);

it('a list that is higher than a browser can draw is scrolled by proportion, to its last row', async () => {
  // On a phone, where rows are highest: 64 pixels each, and at most 8 million are drawn.
  const rows = 140_000;
  const time = '2026-01-02T03:04:05.000Z';
  const items = Array.from({ length: rows }, (_, n) => ({
    account: 'a',
    id: `${n + 1}`,
    event_type: 'APP_CREATE',
    created_at: time,
    seen_at: time,
    who: '',
    ip: '',
    country: '',
    sentence: `This is row ${n + 1}.`,
    alerts: [],
  }));
  const { context, page, wrongs } = await openPage(browser, rig.url, { token: OPERATE, width: 390 });
  // The list is one part; when the newest alone are asked for, they are the first of the same.
  const whole = JSON.stringify({ items, next: null, searched_until: null });
  const newest = JSON.stringify({ items: items.slice(0, 50), next: '50', searched_until: null });
  await page.route(/\/api\/v1\/events\?/, (route) =>
    route.fulfill({
      contentType: 'application/json',
      body: route.request().url().includes('limit=50') ? newest : whole,
    }),
  );
  await page.goto(`${rig.url}/events`);
  await page.getByText('140,000 in all').waitFor();
  const list = page.getByRole('grid', { name: 'Events' });
  expect(await page.locator('.grid-body').evaluate((element) => element.clientHeight)).toBe(8_000_000);
  const scrollTo = (part: number) =>
    list.evaluate((element, to) => {
      element.scrollTop = (element.scrollHeight - element.clientHeight) * to;
    }, part);
  /** Whether a row is whole in sight. */
  const sees = (n: number): Promise<boolean> =>
    page.evaluate<boolean>(`(() => {
      const row = document.querySelector('.grid-card[aria-rowindex="${n}"]')?.getBoundingClientRect();
      const frame = document.querySelector('.grid-scroll').getBoundingClientRect();
      return row !== undefined && row.top >= frame.top - 1 && row.bottom <= frame.bottom + 1;
    })()`);
  await scrollTo(1);
  await expect.poll(() => sees(rows)).toBe(true);
  await page.getByText(`This is row ${rows}.`).waitFor();
  await scrollTo(0.5);
  await expect.poll(() => sees(rows / 2)).toBe(true);
  // One key moves one row, though a pixel of the scroll bar stands for more than a pixel of rows.
  await list.focus();
  await page.keyboard.press('ArrowDown');
  const active = page.locator('.grid-card.active');
  const begun = Number(await active.getAttribute('aria-rowindex'));
  expect(Math.abs(begun - rows / 2)).toBeLessThan(20);
  for (let n = begun + 1; n < begun + 30; n += 1) {
    await page.keyboard.press('ArrowDown');
    await page.locator(`.grid-card.active[aria-rowindex="${n}"]`).waitFor();
    await expect.poll(() => sees(n)).toBe(true);
  }
  for (const [key, n] of [
    ['End', rows],
    ['Home', 1],
  ] as const) {
    await page.keyboard.press(key);
    await page.locator(`.grid-card.active[aria-rowindex="${n}"]`).waitFor();
    await expect.poll(() => sees(n)).toBe(true);
  }
  expect(wrongs).toEqual([]);
  await context.close();
}, 60_000);
