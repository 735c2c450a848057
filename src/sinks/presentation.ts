import { isObject, own } from '../base/json.ts';
import type { Alert, AlertField, Level, SummaryMember } from '../core/alert.ts';
import { inBrackets } from '../core/fleet.ts';
import { oneLine, readableTime } from './text.ts';

const LEVEL_COLOURS: Readonly<Record<Level, string>> = {
  informational: '#8a8f98',
  low: '#1f6fd6',
  medium: '#f2b705',
  high: '#e8590c',
  critical: '#c8102e',
};

/** Colour of an alert as `#rrggbb`: by level, except that a drill and an end are never taken for a new finding. */
export const colourOf = (alert: Alert): string => colourFor({ ...alert, level: alert.rule.level });

/** What decides colour and label of an alert, be it a whole one or one in a summary. */
type Standing = Pick<SummaryMember, 'kind' | 'status' | 'level'>;

/** As {@link colourOf}. */
export const colourFor = ({ kind, status, level }: Standing): string => {
  if (status === 'resolved') return '#2e9e5b';
  if (kind === 'drill') return '#7a5cc7';
  return LEVEL_COLOURS[level];
};

const LEVEL_GROUNDS: Readonly<Record<Level, string>> = {
  informational: '#5f6670',
  low: '#1f6fd6',
  medium: '#8f6400',
  high: '#c2410c',
  critical: '#c8102e',
};

/**
 * The ground of a label with white letters: the colour of {@link colourFor}, dark enough. Programs that darken a mail on
 * their own turn dark letters white and leave a ground of middling brightness as it is; white letters survive that.
 */
export const groundFor = ({ kind, status, level }: Standing): string => {
  if (status === 'resolved') return '#1d7f47';
  if (kind === 'drill') return '#7a5cc7';
  return LEVEL_GROUNDS[level];
};

const KIND_LABELS = { rule: '', system: 'MONITOR', drill: 'DRILL', summary: 'SUMMARY' } as const;

/** What a reader must see first: `HIGH`, `MONITOR HIGH`, `DRILL HIGH`, `MONITOR RESOLVED`. */
export const labelOf = (alert: Alert): string => labelFor({ ...alert, level: alert.rule.level });

/** As {@link labelOf}. */
export const labelFor = ({ kind, status, level }: Standing): string =>
  `${KIND_LABELS[kind]} ${status === 'resolved' ? 'RESOLVED' : level.toUpperCase()}`.trim();

/** Title with its label and account, on one line: `[HIGH] Account secret created (default)`. */
export const headlineOf = (alert: Alert): string => {
  return oneLine(`[${labelOf(alert)}] ${alert.rule.title}${inBrackets(alert.account)}`);
};

/** A sentence that keeps a drill or an end from being taken for the real thing; undefined for a usual alert. */
export const noteOf = (alert: Alert): string | undefined => {
  if (alert.kind === 'drill') return 'This is a drill: a test of the way alerts take. Nothing has happened.';
  if (alert.status === 'resolved') return 'Resolved: what this alert was about has ended.';
  return undefined;
};

/**
 * The facts in the order in which a woken person asks for them: account, when, who, from where, then the alert's own
 * fields. Who and from where are read off the newest event unless a field already says so. Texts are raw.
 */
export const factsOf = (alert: Alert): readonly AlertField[] => {
  const facts: AlertField[] = [];
  if (alert.account !== '') facts.push({ name: 'Account', value: alert.account });
  facts.push({ name: 'When', value: readableTime(alert.createdAtMs) });
  const shown = new Set(alert.fields.map((field) => field.value));
  for (const fact of personAndPlace(alert))
    if (!fact.known.some((value) => shown.has(value))) facts.push(fact.field);
  return [...facts, ...alert.fields];
};

const personAndPlace = (alert: Alert): { known: readonly string[]; field: AlertField }[] => {
  const newest = alert.events.at(-1);
  if (!isObject(newest)) return [];
  const read = (key: string): string => {
    const value = own(newest, key);
    return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  };
  const who = read('user_email') || read('user_id');
  const ip = read('source_ip');
  const country = read('source_country');
  const where = ip && country ? `${ip} (${country})` : ip || country;
  return [
    { known: [who], field: { name: 'Who', value: who } },
    { known: [where, ip || country], field: { name: 'From', value: where } },
  ].filter((fact) => fact.field.value !== '');
};

/** The rule's references that a reader can open: http and https only, each once. */
export const linksOf = (alert: Alert): readonly string[] => [
  ...new Set(alert.rule.references.map(openable).filter((href) => href !== undefined)),
];

/** A URL as it is opened, or undefined for what is none or of another scheme than http and https. */
const openable = (text: string): string | undefined => {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : undefined;
};
