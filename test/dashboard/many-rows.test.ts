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
