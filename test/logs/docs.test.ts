import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { LOG_EVENTS } from '../../src/core/log-events.ts';

it('docs/logs.md has every kind of line with its meaning, in the order of the list, and no other', async () => {
  const page = await readFile(new URL('../../docs/logs.md', import.meta.url), 'utf8');
  const events = page.slice(page.indexOf('## Events'), page.indexOf('## What is never'));
  const rows = [...events.matchAll(/^\| `([\w.]+)` \| (.+) \|$/gm)].map(([, name, meaning]) => [
    name,
    meaning,
  ]);
  expect(rows).toEqual(Object.entries(LOG_EVENTS));
});
