import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import chromium from '@sparticuz/chromium';
import { type Browser, chromium as playwright } from 'playwright-core';

const CACHE = fileURLToPath(new URL('../../node_modules/.cache/chromium', import.meta.url));

/** Where the browser is. Unpacks the browser of the package into the cache, once; a cache that was left half done is made anew. */
export const unpackBrowser = async (): Promise<string> => {
  const whole = join(CACHE, 'whole');
  if (!existsSync(whole)) rmSync(CACHE, { recursive: true, force: true });
  mkdirSync(CACHE, { recursive: true });
  const before = process.env.TMPDIR;
  process.env.TMPDIR = CACHE;
  try {
    const path = await chromium.executablePath();
    writeFileSync(whole, '');
    return path;
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
};

/** A real browser without a window. The machine needs none: it comes with a package. */
export const openBrowser = async (): Promise<Browser> =>
  playwright.launch({
    executablePath: await unpackBrowser(),
    // Root may not have a sandbox; the pages are our own.
    args: ['--no-sandbox', '--headless=shell', '--disable-gpu', '--hide-scrollbars'],
  });
