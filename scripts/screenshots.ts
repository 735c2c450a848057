import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { createScope } from '../src/base/scope.ts';
import { openBrowser } from '../test/support/browser.ts';
import { liveThroughTwoDays } from '../test/support/dashboard-demo.ts';

/*
 * Pictures of the dashboard out of made-up data. Without arguments the three of README; with a folder, every page in both
 * themes and two widths into it, to be looked at: node scripts/screenshots.ts pictures
 */

const IMAGES = fileURLToPath(new URL('../docs/images', import.meta.url));
const WIDE = { width: 1440, height: 900 };
const NARROW = { width: 390, height: 844 };
/** Pages that scroll inside themselves. */
const FILLING = new Set(['events', 'event', 'alerts', 'alert', 'deliveries', 'new-silence']);

/** A picture as WebP, made smaller by the browser itself. */
const asWebp = async (page: Page, png: Buffer): Promise<Buffer> => {
  // The policy of the dashboard lets no picture of data in.
  await page.goto('about:blank');
  const text = await page.evaluate<string>(`(async () => {
    const bitmap = await createImageBitmap(await (await fetch('data:image/png;base64,${png.toString('base64')}')).blob());
    const canvas = Object.assign(document.createElement('canvas'), { width: bitmap.width, height: bitmap.height });
    canvas.getContext('2d').drawImage(bitmap, 0, 0);
    return canvas.toDataURL('image/webp', 0.85);
  })()`);
  return Buffer.from(text.split(',')[1] ?? '', 'base64');
};

const scope = createScope();
try {
  const url = await liveThroughTwoDays(scope);
  const browser = await openBrowser();
  scope.defer('browser', () => browser.close());
  const ask = async <T>(path: string): Promise<T> =>
    (await (await fetch(`${url}/api/v1${path}`)).json()) as T;
  const alerts = await ask<{
    readonly items: readonly {
      readonly id: string;
      readonly kind: string;
      readonly rule: { readonly id: string };
    }[];
  }>('/alerts?level=critical&kind=rule&limit=20');
  const [alert] = alerts.items;
  const events = await ask<{ readonly items: readonly { readonly account: string; readonly id: string }[] }>(
    '/events?type=NUMBER_UPDATED&matched=true&limit=5',
  );
  const [event] = events.items;
  const pages: Readonly<Record<string, string>> = {
    overview: '/',
    events: '/events',
    event: `/events/${event?.account}/${event?.id}`,
    alerts: '/alerts',
    alert: `/alerts/${alert?.id}`,
    deliveries: '/deliveries',
    rules: '/rules',
    rule: `/rules/${alert?.rule.id}`,
    silences: '/silences?ended=true',
    'new-silence': `/silences?new=1&rule=${alert?.rule.id}&account=retail`,
    completeness: '/completeness',
  };
  await fetch(`${url}/api/v1/silences`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      match: { rule: alert?.rule.id, account: 'wholesale' },
      reason: 'rotation of all keys, ticket 4711',
      duration: '8h',
    }),
  });
  const open = async (size: typeof WIDE, colorScheme: 'light' | 'dark'): Promise<Page> => {
    const context = await browser.newContext({
      viewport: size,
      colorScheme,
      locale: 'en-GB',
      reducedMotion: 'reduce',
    });
    return context.newPage();
  };
  const show = async (page: Page, path: string): Promise<void> => {
    await page.goto(url + path);
    await page.locator('h1').waitFor({ state: 'attached' });
    await page.getByText('Live', { exact: true }).waitFor();
    await page.locator('.skeleton').first().waitFor({ state: 'detached' });
    // The next frame has drawn what came last.
    await page.evaluate(
      'new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))',
    );
  };
  const folder = process.argv[2];
  mkdirSync(folder ?? IMAGES, { recursive: true });
  if (folder === undefined) {
    const shots = [
      ['overview', 'light'],
      ['event', 'dark'],
      ['alert', 'light'],
    ] as const;
    for (const [name, scheme] of shots) {
      const page = await open({ width: 1280, height: 800 }, scheme);
      await show(page, pages[name] ?? '/');
      writeFileSync(join(IMAGES, `dashboard-${name}.webp`), await asWebp(page, await page.screenshot()));
    }
  } else {
    for (const [size, width] of [
      [WIDE, 'wide'],
      [NARROW, 'narrow'],
    ] as const)
      for (const scheme of ['light', 'dark'] as const) {
        const page = await open(size, scheme);
        for (const [name, path] of Object.entries(pages)) {
          await show(page, path);
          if (name === 'rule') {
            await page.getByRole('button', { name: 'Run' }).click();
            await page.locator('.outcome').waitFor();
          }
          await page.screenshot({
            path: join(folder, `${name}-${width}-${scheme}.png`),
            fullPage: !FILLING.has(name),
          });
        }
      }
  }
} finally {
  await scope.close();
}
