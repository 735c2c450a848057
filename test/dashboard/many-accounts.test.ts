import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createScope, type Scope } from '../../src/base/scope.ts';
import { openBrowser } from '../support/browser.ts';
import { type DashboardRig, findBarriers, OPERATE, openPage, startDashboard } from '../support/dashboard.ts';

/* Who watches the accounts of many customers sees those that need a look, and finds the others. */

const ACCOUNTS = Array.from({ length: 150 }, (_, at) => `customer-${String(at).padStart(3, '0')}`);
const FAILING = 'customer-077';

let scope: Scope;
let browser: Browser;
let rig: DashboardRig;
beforeAll(async () => {
  scope = createScope();
  browser = await openBrowser();
  scope.defer('browser', () => browser.close());
  const keyOf = (name: string): string => name.replace('customer-', 'key00');
  rig = await startDashboard(
    scope,
    {
      accounts: ACCOUNTS.map((name) => ({ name, api_key: keyOf(name), api_secret: 'of the customer' })),
      poll: { interval: '1s', settle: '0s', overlap: '10m', start: '1h' },
    },
    (_, simulator) => simulator.setSecret(keyOf(FAILING), 'another'),
  );
}, 120_000);
afterAll(() => scope.close());

it('the overview begins with the accounts in trouble, draws few, and finds the others by their name', async () => {
  const { page, wrongs } = await openPage(browser, rig.url, { token: OPERATE });
  const panel = page.locator('section', { has: page.getByRole('heading', { name: 'Accounts' }) });
  await panel.getByText('150 accounts: 1 failing, 149 ok').waitFor();
  const names = () => panel.getByRole('rowheader').allInnerTexts();
  expect((await names()).slice(0, 3)).toEqual([FAILING, 'customer-000', 'customer-001']);
  expect(await names()).toHaveLength(30);
  expect(await panel.getByRole('row', { name: FAILING }).innerText()).toContain('nothing read');
  await panel.getByText('120 more accounts.').waitFor();
  const find = panel.getByRole('searchbox', { name: 'Find accounts' });
  await find.fill('R-14');
  await panel.getByText('customer-149').waitFor();
  expect(await names()).toEqual(ACCOUNTS.slice(140));
  await find.fill('customer');
  await panel.getByText('120 more accounts with that in their name.').waitFor();
  await find.fill('nobody');
  await panel.getByText('No accounts have "nobody" in their name.').waitFor();
  expect(await names()).toEqual([]);
  await find.fill('');
  await panel.getByText('120 more accounts.').waitFor();
  if (process.env.PICTURES)
    await page.screenshot({ path: `${process.env.PICTURES}-overview.png`, fullPage: true });
  expect(await findBarriers(page)).toEqual([]);
  expect(wrongs).toEqual([]);
}, 60_000);

it('completeness offers the account that is shown and those that are not complete, and finds the others', async () => {
  const { page, wrongs } = await openPage(browser, rig.url, { token: OPERATE });
  await page.route(/\/api\/v1\/completeness$/, async (route) => {
    const response = await route.fetch();
    const answer = (await response.json()) as { items: { account: string; unverified: object[] }[] };
    const at = '2026-01-02T03:04:05.000Z';
    answer.items
      .find(({ account }) => account === 'customer-090')
      ?.unverified.push({ from: at, to: at, read_again_at: null, reason: 'counts differ' });
    await route.fulfill({ response, json: answer });
  });
  await page.goto(`${rig.url}/completeness/customer-120`);
  const tabs = page.getByRole('navigation', { name: 'Accounts' });
  const chosen = tabs.locator('[aria-current=page]');
  await chosen.waitFor();
  expect(await chosen.innerText()).toBe('customer-120');
  expect((await tabs.getByRole('link').allInnerTexts()).slice(0, 3)).toEqual([
    'customer-120',
    'customer-090',
    'customer-000',
  ]);
  expect(await tabs.getByRole('link').count()).toBe(12);
  await page.getByText('137 more accounts.').waitFor();
  await page.getByRole('searchbox', { name: 'Find accounts' }).fill('033');
  await expect.poll(() => tabs.getByRole('link').allInnerTexts()).toEqual(['customer-033']);
  await tabs.getByRole('link').click();
  await expect.poll(() => new URL(page.url()).pathname).toBe('/completeness/customer-033');
  await chosen.waitFor();
  if (process.env.PICTURES)
    await page.screenshot({ path: `${process.env.PICTURES}-completeness.png`, fullPage: true });
  expect(await findBarriers(page)).toEqual([]);
  expect(wrongs).toEqual([]);
}, 60_000);
