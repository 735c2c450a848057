import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { formatDuration } from '../base/duration.ts';
import { canonicalJson } from '../base/json.ts';
import { type ConfigView, PLAIN_SECTIONS, type ViewSection, viewOf } from './config-view.ts';
import type { Ready } from './load.ts';

/** More are counted, not listed. */
const MOST_TOLD = 50;

/** How one entry of a section is called. */
const NOUNS: Readonly<Record<string, string>> = {
  accounts: 'account',
  sinks: 'sink',
  lists: 'list',
  time_windows: 'time window',
  rules: 'rule',
  tokens: 'token',
};

/**
 * What is different between two configurations, for people, without any secret: `sink "slack": added`,
 * `poll.interval: 30s → 10s`. Empty: putting the second in force would change nothing.
 */
export const changesBetween = (before: Ready, after: Ready): readonly string[] => {
  const [old, fresh] = [viewOf(before, { secrets: true }), viewOf(after, { secrets: true })];
  const told = Object.keys(fresh).flatMap((section) =>
    section === 'rule files' ? [] : differences(section, old[section] ?? {}, fresh[section] ?? {}),
  );
  // A filter, or a comment: no rule of its own.
  if (isOtherIn('rule files', old, fresh) && !isOtherIn('rules', old, fresh))
    told.push('rule files: changed');
  if (told.length <= MOST_TOLD) return told;
  return [...told.slice(0, MOST_TOLD), `and ${told.length - MOST_TOLD} more`];
};

/** Identity of what is in force, without secrets: 16 hexadecimal digits, the same in every process that has the same. */
export const configHash = (ready: Ready): string => {
  const text = canonicalJson(JSON.parse(JSON.stringify(viewOf(ready, { secrets: false }))));
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
};

const isOtherIn = (section: string, old: ConfigView, fresh: ConfigView): boolean =>
  !isDeepStrictEqual(old[section], fresh[section]);

const differences = (section: string, old: ViewSection, fresh: ViewSection): readonly string[] => {
  const isPlain = PLAIN_SECTIONS.some((name) => name === section);
  const texts: string[] = [];
  for (const key of new Set([...Object.keys(old), ...Object.keys(fresh)])) {
    const [before, after] = [old[key], fresh[key]];
    if (isDeepStrictEqual(before, after)) continue;
    if (isPlain) texts.push(`${section}.${nameOf(key)}: ${valueOf(key, before)} → ${valueOf(key, after)}`);
    else {
      const subject = key === '' ? section : `${NOUNS[section] ?? section} ${JSON.stringify(key)}`;
      texts.push(
        `${subject}: ${before === undefined ? 'added' : after === undefined ? 'removed' : 'changed'}`,
      );
    }
  }
  return texts;
};

/** `requestsPerMinute` as `requests_per_minute`, `intervalMs` as `interval`. */
const nameOf = (key: string): string =>
  key.replace(/Ms$/, '').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const valueOf = (key: string, value: unknown): string => {
  if (value === undefined) return 'none';
  if (typeof value === 'string') return value;
  return key.endsWith('Ms') && typeof value === 'number' ? formatDuration(value) : JSON.stringify(value);
};
