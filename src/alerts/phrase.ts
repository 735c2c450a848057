import type { AlertField } from '../core/alert.ts';
import type { Circumstances } from './circumstances.ts';
import type { ContextLeaves } from './context-leaves.ts';

/** A page where the reader can look or act. */
export interface Link {
  readonly title: string;
  readonly url: string;
}

/** What is special about one type of event; the circumstances are put around it. */
export interface Phrase {
  /** A few words, such as `Number released`. */
  readonly title: string;
  /** What was done, to follow the name of who did it: `released number 447700900000 (GB)`. */
  readonly act: string;
  /** How, to follow the circumstances after a colon: `calls now go to …`. undefined or '' when nothing is known. */
  readonly detail?: string | undefined;
  readonly facts: readonly AlertField[];
  readonly links: readonly Link[];
}

/** Says what happened for one type of event. Everything it reads may be missing. */
export type Describe = (context: ContextLeaves, circumstances: Circumstances) => Phrase;

/** The fields among `entries` that have a value. */
export const factsOf = (
  entries: readonly (readonly [name: string, value: string | undefined])[],
): readonly AlertField[] =>
  entries.flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]));

/** `before + value + after`, or '' without a value: for the optional pieces of a sentence. */
export const piece = (before: string, value: string | undefined, after = ''): string =>
  value === undefined ? '' : `${before}${value}${after}`;

/** `now X (was Y)`, `was Y` or `now X`, with `before` in front of what is now: of what a value is and was; undefined for neither. */
export const change = (
  before: string,
  now: string | undefined,
  was: string | undefined,
): string | undefined => {
  if (now === undefined) return was === undefined ? undefined : `was ${was}`;
  return `now ${before}${now}${piece(' (was ', was === now ? undefined : was, ')')}`;
};

/** The pieces that say something, joined by commas. */
export const joined = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join(', ');

/** Pages of the vendor's dashboard, as named in its public guides. */
export const DASHBOARD = {
  home: { title: 'Dashboard', url: 'https://dashboard.nexmo.com/' },
  settings: { title: 'API settings', url: 'https://dashboard.nexmo.com/settings' },
  numbers: { title: 'Your numbers', url: 'https://dashboard.nexmo.com/your-numbers' },
  applications: { title: 'Applications', url: 'https://dashboard.nexmo.com/applications' },
} as const satisfies Record<string, Link>;
