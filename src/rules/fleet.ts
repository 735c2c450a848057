import type { AuditEvent } from '../core/event.ts';
import type { Linked, LinkedCorrelation, LinkedDetection } from './link.ts';

/** The field under which rules over all accounts see of which account an event is. */
export const ACCOUNT_FIELD = 'account';

/** Rules as they are evaluated: for each account by itself, and over all accounts together. */
export interface Scopes {
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

/** Divides rules by what they look at. A detection that both kinds of correlations refer to is in both. */
export const byScope = (linked: Linked): Scopes => {
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
