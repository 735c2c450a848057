import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { PAGE, partsOf, withParts } from '../../scripts/rule-pack.ts';
import type { RuleSummary } from '../../src/rules/compile.ts';
import { STORY_NAMES } from '../../src/simulator/stories.ts';
import { type QuietFigures, quietFigures, type StoryFigure, storyFigures } from './figures.ts';
import { loadPack } from './pack.ts';

let rules: readonly RuleSummary[];
let quiet: QuietFigures;
let attacks: readonly StoryFigure[];
beforeAll(async () => {
  const pack = (await loadPack()).rules;
  rules = pack.rules;
  quiet = quietFigures(pack.engine);
  attacks = storyFigures(pack.engine);
});

describe('ordinary business', () => {
  it('is a real trail', () => {
    expect(quiet.companies).toBe(10);
    expect(quiet.events).toBeGreaterThan(300);
  });

  it.each(['high', 'critical'])('pages nobody (%s)', (level) => {
    expect(quiet.levels.find((figure) => figure.level === level)).toMatchObject({
      perCompany: [0, 0],
      mostInADay: 0,
    });
  });

  it('gives somebody a few lines a week to read', () => {
    const medium = quiet.levels.find(({ level }) => level === 'medium');
    expect(medium?.perCompany[1]).toBeGreaterThan(0);
    expect(medium?.perCompany[0]).toBeLessThan(15);
    expect(medium?.perCompany[1]).toBeLessThan(8);
  });
});

describe.each(STORY_NAMES)('%s', (name) => {
  const story = (): StoryFigure | undefined => attacks.find((figure) => figure.name === name);

  it('is noticed at its first step and pages somebody within five minutes', () => {
    expect(story()?.first?.afterS).toBe(0);
    expect(story()?.page?.afterS).toBeLessThanOrEqual(300);
  });

  it('pages somebody also where the trail has no logins', () => {
    expect(story()?.pageWithoutLogins?.afterS).toBeLessThanOrEqual(300);
  });

  it('has every step in an alert', () => {
    expect(story()?.told).toBe(story()?.steps);
  });
});

describe('config/rules/README.md', () => {
  it('has current tables (node scripts/rule-pack.ts)', () => {
    const page = readFileSync(PAGE, 'utf8');
    expect(withParts(page, partsOf(rules, quiet, attacks))).toBe(page);
  });
});
