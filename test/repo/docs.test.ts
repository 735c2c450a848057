import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { COUNTERS, GAUGES, HISTOGRAMS } from '../../src/core/metrics.ts';

/* What the pages name must exist: files they link to, scripts, variables, metrics. */

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

describe.each(pages)('%s', (page) => {
  const text = read(page);

  it('links to files that exist, and to headings that they have', () => {
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '');
    const broken = links
      .filter((link) => !/^[a-z]+:/.test(link))
      .filter((link) => {
        const [path = '', heading] = link.split('#');
        const file = path === '' ? page : join(dirname(page), path);
        if (!existsSync(join(root, file))) return true;
        return heading !== undefined && !headings(read(file)).has(heading);
      });
    expect(broken).toEqual([]);
  });

  it('names npm scripts that exist', () => {
    const named = [...text.matchAll(/npm run (?:-s )?([a-z:]+)/g)].map((match) => match[1] ?? '');
    expect(named.filter((name) => !(name in manifest.scripts))).toEqual([]);
  });

  it('names tests that exist', () => {
    const named = [...text.matchAll(/`(test\/[\w./-]+\.(?:ts|sh))`/g)].map((match) => match[1] ?? '');
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it('names metrics that exist', () => {
    const known = new Set([...Object.keys(COUNTERS), ...Object.keys(GAUGES), ...Object.keys(HISTOGRAMS)]);
    const named = [...text.matchAll(/`(?:vonage_audit_monitor_|…)([a-z_]+_(?:total|seconds))`/g)].map(
      (match) => match[1] ?? '',
    );
    expect(named.filter((name) => !known.has(name))).toEqual([]);
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

/** Anchors of headings, as they are made for Markdown on the usual sites. */
const headings = (text: string): ReadonlySet<string> =>
  new Set(
    [...text.matchAll(/^#+ (.+)$/gm)].map((match) =>
      (match[1] ?? '')
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(' ', '-'),
    ),
  );

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
