import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createScope, type Scope } from '../../src/base/scope.ts';
import { openPostgresStore } from '../../src/store/open-postgres.ts';
import { openBrowser } from '../support/browser.ts';
import { type DashboardRig, findBarriers, OPERATE, openPage, startDashboard } from '../support/dashboard.ts';
import { createDatabase } from '../support/postgres.ts';

/* What the dashboard shows where several processes share a database. */

let scope: Scope;
let browser: Browser;
let rig: DashboardRig;
let url: string;
beforeAll(async () => {
  scope = createScope();
  const database = await createDatabase();
  scope.defer('database', () => database.drop());
  ({ url } = database);
  browser = await openBrowser();
  scope.defer('browser', () => browser.close());
  rig = await startDashboard(scope, { store: { url } });
}, 120_000);
afterAll(() => scope.close());

it('the overview lists the replicas with what each holds, and says when they work by different configurations', async () => {
  const { page, wrongs } = await openPage(browser, rig.url, { token: OPERATE });
  const panel = page.locator('section', { has: page.getByRole('heading', { name: 'Replicas' }) });
  await panel.getByText('1 account, ').waitFor();
  expect(await panel.innerText()).not.toContain('different configurations');

  const store = await openPostgresStore({ place: { kind: 'postgres', url, poolSize: 2 }, now: Date.now });
  await store.replicas?.beat(
    {
      id: '<b>elsewhere/boot-1/42/abc',
      version: '1.0.0',
      configHash: 'ffffffffffffffffffff',
      refusal: 'monitor.yml:3: nothing is right',
      startedAtMs: Date.now(),
      wants: [],
    },
    60_000,
  );
  await store.close();
  await page.reload();
  await panel.getByText('they work by different configurations').waitFor();
  const text = await panel.innerText();
  expect(text).toContain('<b>elsewhere, process 42');
  expect(text).toContain('version 1.0.0, configuration ffffffffffff');
  expect(text).toContain('refused its latest configuration: monitor.yml:3: nothing is right');
  if (process.env.PICTURES) await page.screenshot({ path: process.env.PICTURES, fullPage: true });
  expect(await findBarriers(page)).toEqual([]);
  expect(wrongs).toEqual([]);
}, 60_000);
