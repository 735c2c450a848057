import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { CONDITION_TEXTS } from '../../src/alerts/condition-texts.ts';
import { runbook, systemAlert } from '../../src/alerts/system-alert.ts';
import type { ConditionName } from '../../src/core/conditions.ts';
import { anchorsOf } from '../support/markdown.ts';

/* What the pages link to must exist, and every page must be found. docs-names.test.ts looks at what they name. */

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const pages = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
  'config/rules/README.md',
  'test/FAILURES.md',
];
const manifest = JSON.parse(read('package.json')) as { readonly scripts: Record<string, string> };

/** Links of a page to what is not there: a file, or a heading. Addresses elsewhere are not looked at. */
const brokenLinks = (page: string, text: string): readonly string[] =>
  [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1] ?? '')
    .filter((link) => !/^[a-z]+:/.test(link))
    .filter((link) => {
      const [path = '', heading] = link.split('#');
      const file = path === '' ? page : join(dirname(page), path);
      if (!existsSync(join(root, file))) return true;
      return heading !== undefined && !anchorsOf(read(file)).includes(heading);
    });

describe.each(pages)('%s', (page) => {
  const text = read(page);

  it('links to files that exist, and to headings that they have', () => {
    expect(brokenLinks(page, text)).toEqual([]);
  });

  it('names npm scripts that exist', () => {
    const named = [...text.matchAll(/npm run (?:-s )?([a-z:]+)/g)].map((match) => match[1] ?? '');
    expect(named.filter((name) => !(name in manifest.scripts))).toEqual([]);
  });
});

it('links that lead nowhere are seen', () => {
  const links =
    '[a](nothing.md) [b](running.md#no-such-heading) [c](#neither) [d](running.md#signals) [e](https://x.example)';
  expect(brokenLinks('docs/README.md', links)).toEqual([
    'nothing.md',
    'running.md#no-such-heading',
    '#neither',
  ]);
});

it('docs/README.md leads to every page', () => {
  const index = read('docs/README.md');
  const others = pages.filter((page) => !['README.md', 'docs/README.md'].includes(page));
  const links = others.map((page) => relative('docs', page));
  expect(links.filter((link) => !index.includes(`](${link})`))).toEqual([]);
});

describe('docs/operations.md', () => {
  const page = read('docs/operations.md');
  const alerts = [...Object.keys(CONDITION_TEXTS), 'own_credential', 'quarantined', 'drift'];

  it('has a section for every alert of the monitor about itself, and none for what is none', () => {
    const sections = [...page.matchAll(/^## (.*)$/gm)].map(([, name]) => name);
    expect(sections.length).toBe(alerts.length);
    expect(new Set(sections)).toEqual(new Set(alerts));
  });

  it.each(alerts)('%s: says how severe it is, what to look at, what to do, and when it ends', (name) => {
    const [section = ''] = (page.split(`\n## ${name}\n`)[1] ?? '').split(/\n##? /);
    const level = CONDITION_TEXTS[name as ConditionName]?.level;
    expect(section.toLowerCase()).toMatch(new RegExp(`^\\n\\*${level ?? '(critical|medium|low)'}`));
    expect(section).toContain('- **Look**');
    expect(section).toContain('- **Do**');
    expect(section.includes('- **Ends**')).toBe(level !== undefined);
  });

  it('is where every such alert points', () => {
    for (const name of Object.keys(CONDITION_TEXTS) as ConditionName[]) {
      const { message } = systemAlert({ name, subject: 'x', detail: '' }, 'firing', 0, 1);
      const [, path = '', anchor = ''] = /Runbook: (\S+)#(\w+)$/.exec(message) ?? [];
      expect([name, existsSync(join(root, path)), anchor]).toEqual([name, true, name]);
    }
    for (const name of ['own_credential', 'quarantined', 'drift'])
      expect(anchorsOf(page)).toContain(runbook(name).split('#')[1]);
  });
});

describe('README', () => {
  it('names variables that the shipped configuration reads', () => {
    const shipped = read('config/monitor.yml');
    const named = [...read('README.md').matchAll(/`([A-Z]+_[A-Z_]*[A-Z])[`=]/g)].map(
      (match) => match[1] ?? '',
    );
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !shipped.includes(`\${${name}`))).toEqual([]);
  });
});

describe('docs/security.md', () => {
  const rows = read('docs/security.md')
    .split('\n')
    .filter((line) => /^\| .* \|$/.test(line) && line.split(' | ').length === 3)
    .filter((line) => !line.startsWith('| attempt |') && !line.startsWith('| what might'));

  it('names a test for every guard, but for what is no guard', () => {
    expect(rows.length).toBeGreaterThan(25);
    expect(rows.filter((line) => !/`test\/[^`]+` *[,|]/.test(line)).map((line) => line.slice(0, 30))).toEqual(
      ['| the audit trail | events are'],
    );
  });
});
