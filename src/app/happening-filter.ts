import { UsageError } from '../base/errors.ts';
import { didYouMean } from '../base/similar.ts';
import { LEVELS, type Level } from '../core/alert.ts';
import { compileMatch, type Matchers } from '../core/matcher.ts';
import type { Happening } from './follow.ts';

/** What can be asked of something that happened, by the names that matchers have for it. */
const KEYS = [
  'account',
  'event_type',
  'id',
  'user',
  'source_ip',
  'source_country',
  'level',
  'rule',
  'text',
] as const;
type Key = (typeof KEYS)[number];

/** What is to be shown of what happens. */
export interface HappeningWish {
  readonly match: Matchers;
  /** Only what alerted at this level or above. */
  readonly level: Level | undefined;
}

const textsOf = ({ type, row }: Happening, key: Key): readonly string[] => {
  if (type === 'alert') {
    const of: Readonly<Partial<Record<Key, readonly (string | null)[]>>> = {
      account: [row.account],
      id: [row.id],
      level: [row.level],
      rule: [row.rule.id, row.rule.title],
      text: [row.message],
    };
    return (of[key] ?? []).filter((text) => text !== null);
  }
  return {
    account: [row.account],
    event_type: [row.event_type],
    id: [row.id],
    user: [row.who],
    source_ip: [row.ip],
    source_country: [row.country],
    level: row.alerts.map(({ level }) => level),
    rule: row.alerts.map(({ title }) => title),
    text: [row.sentence],
  }[key];
};

/** Compiles a wish. Throws a UsageError for a key that nothing has. */
export const createHappeningFilter = ({
  match,
  level,
}: HappeningWish): ((happening: Happening) => boolean) => {
  for (const key of Object.keys(match))
    if (!(KEYS as readonly string[]).includes(key))
      throw new UsageError(
        `--filter: found the key ${JSON.stringify(key.slice(0, 80))}, allowed: ${KEYS.join(', ')}${didYouMean(key, KEYS)}`,
      );
  const matches = compileMatch(match);
  const least = level === undefined ? -1 : LEVELS.indexOf(level);
  return (happening) => {
    const levels = textsOf(happening, 'level').map((text) => LEVELS.indexOf(text as Level));
    return Math.max(-1, ...levels) >= least && matches((key) => textsOf(happening, key as Key));
  };
};
