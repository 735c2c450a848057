import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createScope, type Scope } from '../../src/base/scope.ts';
import { createGenerator } from '../../src/simulator/generator.ts';
import { type WireEvent, wireTime } from '../../src/simulator/wire.ts';
import { openBrowser } from '../support/browser.ts';
import {
  type DashboardRig,
  findBarriers,
  OPERATE,
  openPage,
  startDashboard,
  VIEW,
  type Watched,
} from '../support/dashboard.ts';
import { type Installation, KEY } from '../support/installation.ts';

/*
 * The dashboard as people have it: the real process, a real browser. One process and one browser for all tests; each
 * test uses event types and rules of its own, so that none depends on another.
 */

const HOUR = 3_600_000;
/** Within the overlap. */
const MINUTES = 240_000;
const MISUSE = '\u202e<img src=x onerror="alert(1)">\u0007"\'><script>alert(2)</script>';

let scope: Scope;
let browser: Browser;
let rig: DashboardRig;
let watched: Watched;
let page: Page;

const generator = createGenerator({ seed: 'dashboard', account: KEY });
let added = 0;
/** An event of a type; `ago` ms before now. */
const event = (type: string, ago = 2_000, more: Partial<WireEvent> = {}): WireEvent => {
  added += 1;
  return {
    ...generator.any(Date.now() - ago, type),
    id: `00000000-0000-4000-8000-${String(added).padStart(12, '0')}`,
    event_type: type,
    created_at: wireTime(Date.now() - ago),
    ...more,
  };
};
const happens = (...events: readonly WireEvent[]): void => rig.simulator.add(KEY, events);

const ruleWriter =
  (installation: Installation) =>
  (name: string, level: string, type: string): void =>
    installation.rule(
      `${name}.yml`,
      [
        `title: ${name}`,
        `id: ${ID[name] ?? ''}`,
        `description: Tells that ${type} happened.`,
        'logsource: {product: vonage, service: audit}',
        'detection:',
        '  # what is looked for',
        `  selection: {event_type: ${type}}`,
        '  condition: selection',
        `level: ${level}`,
        'tags: [attack.t1098]',
        'monitor:',
        '  tests:',
        `    - {name: it happens, events: [{event_type: ${type}}], expect: 1}`,
      ].join('\n'),
    );
const ID: Readonly<Record<string, string>> = {
  'Secret Made': '11111111-1111-4111-8111-111111111111',
  'App Made': '22222222-2222-4222-8222-222222222222',
  'User Suspended': '33333333-3333-4333-8333-333333333333',
};

beforeAll(async () => {
  scope = createScope();
  browser = await openBrowser();
  scope.defer('browser', () => browser.close());
  rig = await startDashboard(scope, {}, (installation, simulator) => {
    const rule = ruleWriter(installation);
    rule('Secret Made', 'critical', 'ACCOUNT_SECRET_CREATE');
    rule('App Made', 'high', 'APP_CREATE');
    rule('User Suspended', 'medium', 'USER_STATUS');
    // What is older than the overlap is read at the start or not at all.
    simulator.add(KEY, [
      ...generator.burst(120, Date.now() - 20 * HOUR, 19 * HOUR),
      event('APP_CREATE', HOUR),
    ]);
  });
});
afterAll(() => scope.close());

/** A page of one test; what it did wrong fails that test. */
const open = async (options: Parameters<typeof openPage>[2] = {}): Promise<void> => {
  watched = await openPage(browser, rig.url, { token: OPERATE, ...options });
  page = watched.page;
};
afterEach(async () => {
  await watched.context.close();
  if (watched.wrongs.length > 0) throw new Error(`the page did wrong:\n${watched.wrongs.join('\n')}`);
});

const heading = (name: string) => page.getByRole('heading', { name, level: 1 });
const row = (text: string | RegExp) => page.getByRole('row').filter({ hasText: text });
const detail = (name: string) => page.getByRole('region', { name, exact: true });

describe('who may see it', () => {
  it('asks for a token, says when it is wrong, and goes on where the address says', async () => {
    watched = await openPage(browser, rig.url, { path: '/events?type=APP_CREATE' });
    page = watched.page;
    // The browser itself tells of every refused request.
    watched.ignore(/401/);
    const token = page.getByLabel('Token');
    await token.fill('not-a-token-of-this-monitor-at-all');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('This token is not known here.').waitFor();
    await token.fill(OPERATE);
    await token.press('Enter');
    await heading('Events').waitFor();
    expect(page.url()).toBe(`${rig.url}/events?type=APP_CREATE`);
    await row('APP_CREATE').first().waitFor();
    await page.getByText('eve, may operate').waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Token').waitFor();
    await page.goto(`${rig.url}/alerts`);
    await page.getByLabel('Token').waitFor();
  });

  it('says that a session has ended, and goes on after signing in again', async () => {
    await open({ path: '/rules' });
    watched.ignore(/401/);
    await row('App Made').waitFor();
    await watched.context.clearCookies();
    await page.getByRole('link', { name: 'Silences' }).click();
    await page.getByText('Your session has ended.').waitFor();
    await page.getByLabel('Token').fill(OPERATE);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await heading('Silences').waitFor();
  });

  it('hides what a token for looking may not do, and says so', async () => {
    happens(event('USER_STATUS'));
    await open({ token: VIEW, path: '/alerts?search=User+Suspended' });
    await row('User Suspended').first().click();
    await detail('Alert').getByText('Your token may only view.').waitFor();
    for (const name of ['Acknowledge', 'Silence', 'Retry', 'Drop'])
      expect(await detail('Alert').getByRole('button', { name }).count()).toBe(0);
    await page.goto(`${rig.url}/silences?new=1`);
    await page.getByText('Nothing is silenced.').or(page.locator('.card').first()).waitFor();
    expect(await page.getByRole('button', { name: 'New silence' }).count()).toBe(0);
    expect(await page.getByRole('dialog').count()).toBe(0);
  });
});

describe('overview', () => {
  it('answers in one sentence, and shows accounts, sinks and the last day', async () => {
    await open();
    await page.locator('.verdict-sentence').waitFor();
    const status = (await (await page.request.get(`${rig.url}/api/v1/status`)).json()) as { summary: string };
    expect(status.summary.length).toBeGreaterThan(10);
    await row('default').waitFor();
    await row(/^hook/).waitFor();
    await row(/^pager/).waitFor();
    const chart = page.getByRole('group', { name: /^Events of the last 24 hours by type: \d+/ });
    await chart.waitFor();
    expect(await chart.locator('rect.bar').count()).toBeGreaterThan(3);
    // By keyboard: the newest bar that has something, and behind it the events of that time.
    await chart.focus();
    await chart.press('ArrowLeft');
    await chart.press('Enter');
    await heading('Events').waitFor();
    expect(new URL(page.url()).searchParams.get('from')).toMatch(/^\d{4}-.*Z$/);
  });
});

describe('events', () => {
  it('arrive by themselves with their alert, at once at the top and announced while one reads below', async () => {
    await open({ path: '/events' });
    await row(/./).nth(2).waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    happens(event('APP_CREATE', 2_000, { user_email: 'live@example.com' }));
    const arrived = row('live@example.com');
    await arrived.getByText('high').waitFor();
    // Scrolled down, what is read stays where it is.
    const list = page.getByRole('grid', { name: 'Events' });
    await list.evaluate((element) => element.scrollTo(0, 600));
    await expect.poll(() => list.evaluate((element) => element.scrollTop)).toBe(600);
    happens(event('APP_DELETE'));
    await page.getByRole('button', { name: '1 new event' }).click();
    await row('APP_DELETE').first().waitFor();
    expect(await list.evaluate((element) => element.scrollTop)).toBe(0);
  });

  it('are filtered by what stands in the address, and the address follows the filters', async () => {
    happens(event('NUMBER_RELEASE'), event('NUMBER_RELEASE', MINUTES));
    await open({ path: '/events' });
    await row('NUMBER_RELEASE').first().waitFor();
    await page.locator('summary', { hasText: 'Type' }).click();
    await page.getByRole('checkbox', { name: 'NUMBER_RELEASE' }).check();
    await page.keyboard.press('Escape');
    await expect.poll(() => page.url()).toContain('type=NUMBER_RELEASE');
    await expect.poll(() => row(/NUMBER_RELEASE/).count()).toBe(2);
    expect(await row(/^(?!.*NUMBER_RELEASE)/).count()).toBe(1);
    await page.reload();
    await page.getByText('2 in all').waitFor();
    // What fits the filter arrives, what does not stays away.
    happens(event('APP_DELETE'), event('NUMBER_RELEASE'));
    await page.getByText('3 in all').waitFor();
    await page.getByRole('button', { name: 'Take out the filter type' }).click();
    await expect.poll(() => page.url()).toBe(`${rig.url}/events`);
    await page.getByRole('searchbox', { name: 'Search events' }).fill('nothing of this kind anywhere');
    await page.getByText('No event fits these filters.').waitFor();
    expect(page.url()).toContain('search=nothing+of+this+kind');
  });

  it('are shown beside the one before about the same object, with the rules that matched and why', async () => {
    const context = { msisdn: '447700900999', country: 'GB', voice_callback_type: 'app' };
    const before = event('NUMBER_UPDATED', MINUTES, { context: { ...context, voice_callback_value: 'one' } });
    const after = event('NUMBER_UPDATED', 3_000, { context: { ...context, voice_callback_value: 'two' } });
    const made = event('APP_CREATE');
    happens(before, after, made);
    await open({ path: '/events?type=NUMBER_UPDATED' });
    await row('447700900999').first().click();
    await expect.poll(() => page.url()).toContain(`/events/default/${after.id}?type=NUMBER_UPDATED`);
    const changed = detail('Event').locator('.diff-line.changed', { hasText: 'voice_callback_value' });
    await changed.waitFor();
    expect(await changed.innerText()).toMatch(/"one"[\s\S]*"two"/);
    await page.keyboard.press('Escape');
    await expect.poll(() => page.url()).toBe(`${rig.url}/events?type=NUMBER_UPDATED`);
    // A deep link, and the tree of a rule.
    await page.goto(`${rig.url}/events/default/${made.id}`);
    await detail('Event').getByRole('link', { name: 'App Made' }).first().waitFor();
    await detail('Event').locator('.tree-node.good', { hasText: 'event_type' }).waitFor();
    await detail('Event').getByRole('button', { name: 'Hold against another rule' }).click();
    await detail('Event')
      .getByLabel('Hold the event against a rule')
      .selectOption({ label: 'User Suspended' });
    await detail('Event').getByText('does not match', { exact: true }).waitFor();
  });

  it('that are hostile do nothing, and show what hides in them', async () => {
    happens(event('USER_UPDATE', 1_000, { user_email: `${MISUSE}@example.com`, context: { name: MISUSE } }));
    await open({ path: '/events?type=USER_UPDATE&range=1h' });
    const hostile = row('<U+202E>').first();
    await hostile.waitFor();
    await hostile.click();
    await detail('Event').locator('.json, .diff').getByText('<U+202E>').first().waitFor();
    const text = await detail('Event').innerText();
    expect(text).toContain('<script>alert(2)</script>');
    expect(text).toMatch(/\u2407|\\u0007/);
    for (const character of ['\u0007', '\u202e']) expect(text).not.toContain(character);
    expect(await page.locator('img, iframe, script:not([src])').count()).toBe(0);
  });
});

describe('alerts', () => {
  it('tell their story, are acknowledged, and silence what comes next with a preview', async () => {
    happens(event('APP_CREATE', 1_500));
    await rig.monitor.until((line) => line.event === 'alert.decided');
    await open({ path: `/alerts?rule=${ID['App Made']}` });
    await row('App Made').first().click();
    const story = detail('Alert');
    await story.getByText('Where it went').waitFor();
    await story.locator('.delivery', { hasText: 'hook' }).getByText('sent').first().waitFor();
    await page.keyboard.press('a');
    await page
      .getByRole('dialog', { name: 'Acknowledge' })
      .getByLabel(/^Reason/)
      .fill('known: release day');
    await page.getByRole('dialog').getByRole('button', { name: 'Acknowledge' }).click();
    await story.getByText('acknowledged by eve', { exact: true }).waitFor();
    await story.getByText('known: release day').waitFor();
    await row('acknowledged').first().waitFor();

    await story.getByRole('link', { name: 'Silence' }).click();
    const form = page.getByRole('dialog', { name: 'New silence' });
    expect(await form.getByLabel('Value').first().inputValue()).toBe(ID['App Made']);
    await form.getByText(/It would have hidden \d+ alerts? in the last 30 days/).waitFor();
    await form.getByLabel('Reason').fill('release day, ticket 4711');
    await form.getByRole('button', { name: 'Silence' }).click();
    const card = page.locator('.card', { hasText: 'release day, ticket 4711' });
    await card.getByText('in force').waitFor();
    await card.getByText('"App Made"').waitFor();
    const from = rig.monitor.lines.length;
    happens(event('APP_CREATE', 1_000));
    const decided = await rig.monitor.until((line) => line.event === 'alert.decided', from);
    expect(decided['sinks']).toEqual([]);
    await page.goto(`${rig.url}/alerts?rule=${ID['App Made']}`);
    await row('silenced').first().waitFor();
    await page.getByRole('link', { name: 'Silences' }).click();
    await card.getByRole('button', { name: 'End now' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'End now' }).click();
    await card.waitFor({ state: 'detached' });
    await page.getByLabel('Also those that have ended').check();
    await card.getByText('ended', { exact: true }).waitFor();
  });

  it('whose delivery is parked are retried, and the page says so by itself when it was sent', async () => {
    rig.pager.answer({ status: 404, body: 'no_service' });
    happens(event('ACCOUNT_SECRET_CREATE'));
    await open({ path: '/alerts' });
    await row(/Secret Made.*parked/s)
      .first()
      .click();
    const story = detail('Alert');
    await story.locator('.delivery', { hasText: 'pager' }).getByText('rejected').first().waitFor();
    rig.pager.answer({ status: 200 });
    await story.getByRole('button', { name: 'Retry' }).click();
    await page.getByRole('dialog').getByLabel('Reason').fill('the address is mended');
    await page.getByRole('dialog').getByRole('button', { name: 'Retry' }).click();
    await story.locator('.delivery', { hasText: 'pager' }).locator('header').getByText('sent').waitFor();
    await story.getByText('the address is mended').waitFor();
    // The same from the list of deliveries.
    rig.pager.answer({ status: 404 });
    happens(event('ACCOUNT_SECRET_CREATE', 1_000));
    await page.getByRole('link', { name: 'Deliveries' }).click();
    await row('parked').first().waitFor();
    rig.pager.answer({ status: 200 });
    await page.getByRole('button', { name: /^Retry \d+ parked$/ }).click();
    await page.getByRole('dialog').getByLabel('Reason').fill('mended again');
    await page.getByRole('dialog').getByRole('button', { name: 'Retry' }).click();
    await expect.poll(() => row('parked').count()).toBe(0);
    await page.getByRole('button', { name: /^Retry \d+ parked$/ }).waitFor({ state: 'detached' });
  });
});

describe('rules', () => {
  it('show source, tests and hits, and what they would have done, also when changed', async () => {
    await open({ path: '/rules' });
    await page.getByRole('searchbox').fill('app');
    await expect.poll(() => page.url()).toContain('search=app');
    await row('App Made').getByRole('link').click();
    await heading('App Made').waitFor();
    await page.locator('.yaml .t-comment', { hasText: '# what is looked for' }).waitFor();
    await page.getByText('all 1 pass').waitFor();
    await page.getByRole('button', { name: 'Run' }).click();
    await page.getByRole('group', { name: /^Alerts of the backtest by day: [1-9]/ }).waitFor();
    await page.getByRole('button', { name: 'Change the rule' }).click();
    const source = page.getByLabel(/^The rule to try/);
    await source.fill((await source.inputValue()).replaceAll('APP_CREATE', 'NO_SUCH_TYPE'));
    await page.getByRole('button', { name: 'Run' }).click();
    await page.locator('.outcome').getByText('0 alerts').waitFor();
    await source.fill('title: [');
    await page.getByRole('button', { name: 'Run' }).click();
    await page
      .getByRole('alert')
      .filter({ hasText: /line|column|1:|expected|:/ })
      .waitFor();
    watched.ignore(/400/);
    watched.wrongs.splice(
      0,
      watched.wrongs.length,
      ...watched.wrongs.filter((text) => !/400|422/.test(text)),
    );
  });
});

describe('when the monitor is away', () => {
  it('the page says so, keeps what it has, and goes on by itself', async () => {
    await open({ path: '/events' });
    watched.ignore(/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET/);
    await row('APP_CREATE').first().waitFor();
    rig.monitor.kill('SIGTERM');
    await rig.monitor.ended;
    await page.getByText(/^The monitor has not answered since/).waitFor();
    await page.getByText('Not live').waitFor();
    expect(await row('APP_CREATE').count()).toBeGreaterThan(0);
    happens(event('IP_WHITELIST_CREATE'));
    await rig.restart();
    await row('IP_WHITELIST_CREATE').first().waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    expect(await page.getByText(/^The monitor has not answered since/).count()).toBe(0);
  });
});

describe('completeness', () => {
  it('is a calendar of days that says what was read, and leads to the events of a day', async () => {
    await open({ path: '/completeness' });
    await page
      .getByText(/^Complete/)
      .first()
      .waitFor();
    const today = new Date().toISOString().slice(0, 10);
    const day = page.getByRole('button', {
      name: new RegExp(`^${today}: (complete|partly read), \\d+ events`),
    });
    await day.click();
    await heading('Events').waitFor();
    expect(page.url()).toContain(`from=${today}`);
  });
});

const PAGES = (): readonly (readonly [string, string])[] => [
  ['/', 'Overview'],
  ['/events', 'Events'],
  [`/events?type=APP_CREATE`, 'Events'],
  ['/alerts', 'Alerts'],
  ['/deliveries', 'Deliveries'],
  ['/rules', 'Rules'],
  [`/rules/${ID['App Made'] ?? ''}`, 'App Made'],
  ['/silences', 'Silences'],
  ['/silences?new=1', 'Silences'],
  ['/completeness', 'Completeness'],
  ['/nowhere', 'Nothing here'],
];
/** Remembers the most by which the page was wider than the window, looking after every change: also while it loads. */
const WATCH_WIDTH = `
  window.widest = 0;
  new MutationObserver(() => {
    const page = document.documentElement;
    if (page) window.widest = Math.max(window.widest, page.scrollWidth - innerWidth);
  }).observe(document, { subtree: true, childList: true, attributes: true });
`;
/** Nothing is on its way any more. */
const settled = async (): Promise<void> => {
  await page.locator('.skeleton').first().waitFor({ state: 'detached' });
};

describe.each(['light', 'dark'] as const)('in %s colours', (scheme) => {
  it('no page has a barrier or is too wide, with an event and an alert open as well', async () => {
    await open({ scheme });
    await page.addInitScript(WATCH_WIDTH);
    const found: string[] = [];
    // Colours do not depend on the width.
    for (const width of scheme === 'light' ? [1_440, 390] : [1_440]) {
      await page.setViewportSize({ width, height: 900 });
      for (const [path, name] of PAGES()) {
        await page.goto(rig.url + path);
        await page.locator('h1', { hasText: name }).waitFor();
        await settled();
        if (path.endsWith('APP_CREATE') || path === '/alerts') {
          await page
            .getByRole('row')
            .filter({ hasText: /APP_CREATE|App Made/ })
            .first()
            .click();
          await page.locator('.detail h2').waitFor();
          await settled();
        }
        for (const barrier of await findBarriers(page)) found.push(`${width} ${path} ${barrier}`);
        const wider = await page.evaluate<number>('widest');
        if (wider > 0) found.push(`${width} ${path} is ${wider} pixels too wide`);
      }
    }
    expect(found).toEqual([]);
  }, 90_000);

  it('the login has no barrier', async () => {
    watched = await openPage(browser, rig.url, { scheme });
    page = watched.page;
    watched.ignore(/401/);
    await page.getByLabel('Token').waitFor();
    expect(await findBarriers(page)).toEqual([]);
  });
});

describe('by keyboard', () => {
  it('everything is reached: pages, search, rows, details, the list of shortcuts', async () => {
    await open();
    await page.locator('.verdict-sentence').waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('e');
    await heading('Events').waitFor();
    await row(/./).nth(3).waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    const active = page.locator('.grid-row.active');
    expect(await active.getAttribute('aria-rowindex')).toBe('1');
    await page.keyboard.press('Enter');
    await detail('Event').waitFor();
    const address = page.url();
    await page.keyboard.press('j');
    await expect.poll(() => page.url()).not.toBe(address);
    await page.keyboard.press('Escape');
    await detail('Event').waitFor({ state: 'detached' });
    await page.keyboard.press('/');
    expect(await page.evaluate('document.activeElement.type')).toBe('search');
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    const list = page.getByRole('dialog', { name: 'Shortcuts' });
    await list.getByText('Next row').waitFor();
    // A modal dialog keeps the keys of the page away from it.
    await page.keyboard.press('g');
    await page.keyboard.press('r');
    await page.keyboard.press('Escape');
    await list.waitFor({ state: 'detached' });
    await heading('Events').waitFor();
    const theme = 'document.documentElement.dataset.theme';
    await page.keyboard.press('t');
    expect(await page.evaluate(theme)).toBe('light');
    await page.keyboard.press('t');
    expect(await page.evaluate(theme)).toBe('dark');
    await page.reload();
    expect(await page.evaluate(theme)).toBe('dark');
  });

  it('the active row stays the same event when others arrive above it', async () => {
    await open({ path: '/events' });
    await page.getByText('Live', { exact: true }).waitFor();
    const meant = event('APP_UPDATE', 2_000, { user_email: 'meant@example.com' });
    happens(meant);
    await row('meant@example.com').waitFor();
    await page.keyboard.press('j');
    const active = page.locator('.grid-row.active', { hasText: 'meant@example.com' });
    expect(await active.getAttribute('aria-rowindex')).toBe('1');
    const list = page.getByRole('grid', { name: 'Events' });
    const told = await list.getAttribute('aria-activedescendant');
    happens(
      event('APP_UPDATE', 1_500, { user_email: 'above@example.com' }),
      event('APP_UPDATE', 1_000, { user_email: 'highest@example.com' }),
    );
    await row('above@example.com').waitFor();
    await row('highest@example.com').waitFor();
    expect(await active.getAttribute('aria-rowindex')).toBe('3');
    // A screen reader is not told of another row: the name of the row is the same as before.
    expect(await active.getAttribute('id')).toBe(told);
    expect(await list.getAttribute('aria-activedescendant')).toBe(told);
    await page.keyboard.press('Enter');
    await expect.poll(() => page.url()).toBe(`${rig.url}/events/default/${meant.id}`);
    await page.keyboard.press('k');
    await expect.poll(() => page.url()).not.toContain(meant.id);
    expect(await page.locator('.grid-row.active').getAttribute('aria-rowindex')).toBe('2');
  });

  it('walking a list that was scrolled begins in sight, and the active row is never out of sight', async () => {
    await open({ path: '/events' });
    await row(/./).nth(20).waitFor();
    const list = page.getByRole('grid', { name: 'Events' });
    await list.evaluate((element) => element.scrollTo(0, 34 * 50 + 10));
    await page.locator('.grid-row[aria-rowindex="52"]:not(:has(.skeleton-line))').waitFor();
    await list.focus();
    await page.keyboard.press('ArrowDown');
    const active = page.locator('.grid-row.active');
    await active.waitFor();
    expect(await active.getAttribute('aria-rowindex')).toBe('52');
    expect(await list.evaluate((element) => element.scrollTop)).toBe(34 * 50 + 10);
    for (let n = 53; n < 83; n += 1) {
      await page.keyboard.press('ArrowDown');
      await page.locator(`.grid-row.active[aria-rowindex="${n}"]`).waitFor();
    }
    await expect
      .poll(async () => {
        const [place, frame] = [await active.boundingBox(), await list.boundingBox()];
        return place && frame ? place.y + place.height - (frame.y + frame.height) : undefined;
      })
      .toBeLessThanOrEqual(0.5);
    for (let n = 81; n > 50; n -= 1) await page.keyboard.press('ArrowUp');
    await page.locator('.grid-row.active[aria-rowindex="51"]').waitFor();
    const header = page.locator('.grid-header');
    await expect
      .poll(async () => {
        const [place, names] = [await active.boundingBox(), await header.boundingBox()];
        return place && names ? place.y - (names.y + names.height) : undefined;
      })
      .toBeGreaterThanOrEqual(-0.5);
  });

  it('Tab walks through all controls in sight of each page, and the focus is seen', async () => {
    await open({ path: '/alerts' });
    await row(/./).nth(1).waitFor();
    await settled();
    await page.locator('body').focus();
    const reached = new Set<string>();
    for (let n = 0; n < 60; n += 1) {
      await page.keyboard.press('Tab');
      const told = await page.evaluate<{ readonly name: string; readonly shown: boolean } | null>(`(() => {
        const e = document.activeElement;
        if (!e || e === document.body) return null;
        const style = getComputedStyle(e);
        const shown = style.outlineStyle !== 'none' || getComputedStyle(e.parentElement).outlineStyle !== 'none';
        return { name: (e.getAttribute('aria-label') ?? e.textContent).trim() + '|' + e.tagName, shown };
      })()`);
      // Past the end it begins anew, at the top.
      if (told === null) continue;
      expect(told).toMatchObject({ shown: true });
      reached.add(told.name);
    }
    const names = [...reached].join(' ');
    for (const name of [
      'Skip to the page',
      'Overview',
      'Completeness',
      'Shortcuts',
      'Sign out',
      'Deliveries',
      'Alerts|DIV',
    ])
      expect(names).toContain(name);
  });
});
