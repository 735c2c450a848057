import type { AuditEvent } from '../core/event.ts';
import { ACCOUNT_FIELD } from './account-field.ts';
import type { Limit } from './correlation.ts';
import { createEngine, type EngineOptions } from './create-engine.ts';
import type { RuleEngine } from './engine.ts';
import type { Linked, LinkedCorrelation, LinkedDetection } from './link.ts';

/** Rules as they are evaluated: for each account by itself, and over all accounts together. */
interface Scopes {
  readonly account: Linked;
  /** Undefined: no correlation has `scope: fleet`. Detections in it only feed correlations. */
  readonly fleet: Linked | undefined;
}

const isFleet = (rule: LinkedCorrelation): boolean => rule.header.monitor.scope === 'fleet';

/** The rules with those correlations that are wanted, whose places in the list are given anew. */
const withCorrelations = (
  { detections, correlations }: Linked,
  wanted: (rule: LinkedCorrelation) => boolean,
): Linked => {
  const places = new Map<number, number>();
  for (const [place, rule] of correlations.entries()) if (wanted(rule)) places.set(place, places.size);
  const moved = <R extends LinkedDetection | LinkedCorrelation>(rule: R): R => ({
    ...rule,
    dependents: rule.dependents.flatMap(({ correlation, ref }) => {
      const place = places.get(correlation);
      return place === undefined ? [] : [{ correlation: place, ref }];
    }),
  });
  return { detections: detections.map(moved), correlations: correlations.filter(wanted).map(moved) };
};

/** Names and ids of what rules over all accounts refer to: events have their account as a field there. */
export const fleetPartsOf = ({ correlations }: Linked): ReadonlySet<string> =>
  new Set(correlations.filter(isFleet).flatMap(({ spec }) => spec.rules));

/** Divides rules by what they look at. A detection that both kinds of correlations refer to is in both. */
const byScope = (linked: Linked): Scopes => {
  if (!linked.correlations.some(isFleet)) return { account: linked, fleet: undefined };
  const account = withCorrelations(linked, (rule) => !isFleet(rule));
  const fleet = withCorrelations(linked, isFleet);
  const isUsed = ({ alerting, dependents }: LinkedDetection): boolean => alerting || dependents.length > 0;
  return {
    account: { ...account, detections: account.detections.filter(isUsed) },
    fleet: {
      ...fleet,
      // One that alerts by itself does so in its account.
      detections: fleet.detections.map((rule) => ({ ...rule, alerting: false })).filter(isUsed),
    },
  };
};

/**
 * An event as rules over all accounts see it: its account is a field of its own, in the JSON as well, by which windows
 * remember events. Of a key that stands twice the last one counts.
 */
export const withAccount = (event: AuditEvent): AuditEvent => {
  const body = event.json.trimEnd().slice(0, -1).trimEnd();
  const comma = body === '{' ? '' : ',';
  return {
    ...event,
    json: `${body}${comma}${JSON.stringify(ACCOUNT_FIELD)}:${JSON.stringify(event.account)}}`,
    fields: { ...event.fields, [ACCOUNT_FIELD]: event.account },
  };
};

/**
 * Accounts are read one beside the other: after an outage, or when one of them could not be read for a while, events of one time
 * come up to so much later than those of the others.
 */
const LATE_MS = 3_600_000;

/** The engine of rules over all accounts: it sees events with their account, and waits longer for those that come late. */
const createFleetEngine = (linked: Linked, options: EngineOptions): RuleEngine => {
  const engine = createEngine(linked, { ...options, lateMs: LATE_MS });
  return { ...engine, evaluate: (event, state) => engine.evaluate(withAccount(event), state) };
};

/** Engines for rules, made anew. */
export const createEngines = (
  linked: Linked,
  options: EngineOptions,
): { readonly engine: RuleEngine; readonly fleet: RuleEngine | undefined } => {
  const scopes = byScope(linked);
  return {
    engine: createEngine(scopes.account, options),
    fleet: scopes.fleet && createFleetEngine(scopes.fleet, options),
  };
};

/** The fewest different accounts with which a limit on their number can be met. */
const leastOf = (limits: readonly Limit[]): number =>
  Math.max(
    1,
    ...limits.map(([op, limit]) =>
      op === 'gt' ? Math.floor(limit) + 1 : op === 'gte' || op === 'eq' ? Math.ceil(limit) : 1,
    ),
  );

/**
 * Of how many accounts at least there have to be events for any of the rules over all accounts to alert: with fewer, nobody need
 * look. A number that is too low costs work and nothing else. Infinity: there are no such rules.
 */
export const accountsNeeded = ({ detections, correlations }: Linked): number => {
  const known = new Map<string, number>();
  const learn = ({ header }: LinkedDetection | LinkedCorrelation, least: number): void => {
    for (const name of [header.info.id, header.name]) if (name !== undefined) known.set(name, least);
  };
  for (const rule of detections) learn(rule, 1);
  let fewest = Number.POSITIVE_INFINITY;
  // Each stands behind those it refers to.
  for (const rule of correlations) {
    const { type, rules, fields, limits, names, aliases } = rule.spec;
    const parts = rules.map((name) => known.get(name) ?? 1);
    const needsAll = type.startsWith('temporal') && limits.length === 0 && names === undefined;
    const counts = type === 'value_count' && fields.length === 1 && fields[0] === ACCOUNT_FIELD;
    const own = counts && !aliases.has(ACCOUNT_FIELD) ? leastOf(limits) : 1;
    const least = Math.max(own, needsAll ? Math.max(...parts) : Math.min(...parts));
    learn(rule, least);
    if (isFleet(rule) && rule.alerting) fewest = Math.min(fewest, least);
  }
  return fewest;
};
