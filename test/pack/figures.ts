import { LEVELS, type Level } from '../../src/core/alert.ts';
import type { Match } from '../../src/core/match.ts';
import type { RuleEngine } from '../../src/rules/engine.ts';
import { createGenerator } from '../../src/simulator/generator.ts';
import { STORY_NAMES, type StoryName } from '../../src/simulator/stories.ts';
import type { WireEvent } from '../../src/simulator/wire.ts';
import { ACCOUNT, watch } from './pack.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A Monday. */
const START_MS = Date.UTC(2026, 0, 5);
const MONTH_MS = 30 * DAY_MS;
const SEEDS = Array.from({ length: 10 }, (_, index) => `company ${index + 1}`);

/** Alerts of one level over all companies. */
interface LevelFigure {
  readonly level: Level;
  /** Alerts per company, [in the month after installation, in the one after that]. */
  readonly perCompany: readonly [first: number, second: number];
  /** The most that one company had in a day. */
  readonly mostInADay: number;
}

/** What the rules make of ordinary business. */
export interface QuietFigures {
  readonly companies: number;
  /** Events per company and month. */
  readonly events: number;
  readonly levels: readonly LevelFigure[];
}

/** What the rules make of one attack. */
export interface StoryFigure {
  readonly name: StoryName;
  readonly title: string;
  readonly steps: number;
  /** Steps that stand in at least one alert. */
  readonly told: number;
  /** The first alert that a step causes. Seconds are counted from the first step. */
  readonly first: { readonly afterS: number; readonly rule: string; readonly level: Level } | undefined;
  /** The first one that pages somebody: high or critical. */
  readonly page: StoryFigure['first'];
  /** The same in an account whose trail has no logins, which come with premium support only. */
  readonly pageWithoutLogins: StoryFigure['first'];
}

const isPage = ({ rule: { level } }: Match): boolean => level === 'high' || level === 'critical';

/** Two months of ordinary business in each of ten made-up companies, from the day of installation on. */
export const quietFigures = (engine: RuleEngine): QuietFigures => {
  const found: { readonly company: string; readonly match: Match }[] = [];
  let events = 0;
  for (const company of SEEDS) {
    const generator = createGenerator({ seed: company, account: ACCOUNT });
    const trail = generator.ordinary(START_MS, START_MS + 2 * MONTH_MS);
    events += trail.length;
    for (const match of watch(engine, trail, START_MS + 2 * MONTH_MS)) found.push({ company, match });
  }
  const average = (count: number): number => count / SEEDS.length;
  const levels = LEVELS.map((level): LevelFigure => {
    const ofLevel = found.filter(({ match }) => match.rule.level === level);
    const first = ofLevel.filter(({ match }) => match.atMs < START_MS + MONTH_MS).length;
    const days = new Map<string, number>();
    for (const { company, match } of ofLevel) {
      const day = `${company} ${Math.floor(match.atMs / DAY_MS)}`;
      days.set(day, (days.get(day) ?? 0) + 1);
    }
    return {
      level,
      perCompany: [average(first), average(ofLevel.length - first)],
      mostInADay: Math.max(0, ...days.values()),
    };
  });
  return { companies: SEEDS.length, events: Math.round(average(events) / 2), levels };
};

const byTime = (a: WireEvent, b: WireEvent): number => (a.created_at < b.created_at ? -1 : 1);

/** One attack in the middle of an ordinary day, after a month of watching; the one told at night at two o'clock. */
const storyFigure = (engine: RuleEngine, name: StoryName): StoryFigure => {
  const generator = createGenerator({ seed: `story ${name}`, account: ACCOUNT });
  const hour = name === 'quietPersistence' ? 2 : 10;
  const story = generator.stories[name](START_MS + MONTH_MS + hour * HOUR_MS);
  const endMs = START_MS + MONTH_MS + DAY_MS;
  const trail = [...generator.ordinary(START_MS, endMs), ...story.steps.map(({ event }) => event)];
  const ids = new Set(story.steps.map(({ event }) => event.id));
  const startMs = story.steps[0]?.atMs ?? 0;
  const caused = (events: readonly WireEvent[]): readonly Match[] =>
    watch(engine, events, endMs).filter((match) => ids.has(match.events.at(-1)?.id ?? ''));
  const matches = caused(trail.sort(byTime));
  const withoutLogins = caused(trail.filter(({ event_type }) => !/^USER_LOG(IN|OUT)$/.test(event_type)));
  const figure = (match: Match | undefined): StoryFigure['first'] =>
    match && {
      afterS: (match.atMs - startMs) / 1_000,
      rule: match.rule.title,
      level: match.rule.level,
    };
  const told = new Set(matches.flatMap(({ events }) => events.map(({ id }) => id)));
  return {
    name,
    title: story.title,
    steps: story.steps.length,
    told: [...told].filter((id) => ids.has(id)).length,
    first: figure(matches[0]),
    page: figure(matches.find(isPage)),
    pageWithoutLogins: figure(withoutLogins.find(isPage)),
  };
};

/** All attacks that can be told. */
export const storyFigures = (engine: RuleEngine): readonly StoryFigure[] =>
  STORY_NAMES.map((name) => storyFigure(engine, name));
