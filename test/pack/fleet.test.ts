import { beforeAll, expect, it } from 'vitest';
import type { AuditEvent } from '../../src/core/event.ts';
import type { RuleEngine } from '../../src/rules/engine.ts';
import { createMemoryState } from '../../src/rules/run-tests.ts';
import { createGenerator } from '../../src/simulator/generator.ts';
import { STORY_NAMES } from '../../src/simulator/stories.ts';
import type { WireEvent } from '../../src/simulator/wire.ts';
import { loadPack } from './pack.ts';

/* The shipped rules over all accounts, of a team that watches ten companies. */

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const START_MS = Date.UTC(2026, 0, 5);
const MONTH_MS = 30 * DAY_MS;
const COMPANIES = Array.from({ length: 10 }, (_, index) => `company ${index + 1}`);

let fleet: RuleEngine;
beforeAll(async () => {
  const { rules } = await loadPack();
  if (!rules.fleet) throw new Error('the pack has rules over all accounts');
  fleet = rules.fleet;
});

const eventOf = (account: string, event: WireEvent): AuditEvent => ({
  id: event.id,
  account,
  eventType: event.event_type,
  createdAtMs: Date.parse(`${event.created_at}Z`),
  json: JSON.stringify(event),
  fields: { ...event },
});
const ordinary = (company: string, untilMs: number): readonly AuditEvent[] =>
  createGenerator({ seed: company, account: company.replace(' ', '') })
    .ordinary(START_MS, untilMs)
    .map((event) => eventOf(company, event));
const titles = (events: readonly AuditEvent[]): readonly string[] => {
  const state = createMemoryState();
  const found = events
    .toSorted((a, b) => a.createdAtMs - b.createdAtMs)
    .flatMap((event) => {
      const { matches, failures } = fleet.evaluate(event, state);
      if (failures.length > 0) throw new Error(`"${failures[0]?.rule.title}" failed`);
      return matches.map(({ rule }) => rule.title);
    });
  return [...new Set(found)].sort();
};

it('say nothing of two months of ordinary business in ten companies', () => {
  const trail = COMPANIES.flatMap((company) => ordinary(company, START_MS + 2 * MONTH_MS));
  expect(trail.length).toBeGreaterThan(5_000);
  expect(titles(trail)).toEqual([]);
});

/** An attack, by one and the same attacker, in the first so many companies, ten minutes apart. */
const campaign = (name: (typeof STORY_NAMES)[number], companies: number): readonly string[] => {
  const startMs = START_MS + MONTH_MS + 10 * HOUR_MS;
  const attacked = COMPANIES.slice(0, companies);
  const trail = attacked.flatMap((company) => ordinary(company, startMs));
  const attacks = attacked.flatMap((company, index) => {
    const story = createGenerator({ seed: `story ${company}`, account: company.replace(' ', '') }).stories[
      name
    ];
    return story(startMs + index * 10 * 60_000).steps.map(({ event }) =>
      eventOf(company, {
        ...event,
        id: `${company} ${event.id}`,
        source_ip: '203.0.113.66',
        user_email: 'support@reseller.example',
      }),
    );
  });
  return titles([...trail, ...attacks]);
};

it.each(STORY_NAMES)('%s is told when it goes through five accounts, as one matter', (name) => {
  expect(campaign(name, 5)).toContain('New Address in Five Accounts Within an Hour');
  expect(campaign(name, 2)).toEqual([]);
});

it.each([
  ['billingAbuse', 'Auto-Reload or Billing Was Changed in Several Accounts'],
  ['tollFraud', 'Calls of Several Accounts Were Forwarded to One Target'],
  ['accountTakeover', 'One User Made the Same Sensitive Change in Several Accounts'],
] as const)('%s is told by what it is after as well', (name, title) => {
  expect(campaign(name, 5)).toContain(title);
});
