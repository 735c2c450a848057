/** A table that moves with a store. */
export interface CopiedTable {
  readonly name: string;
  /** Its key, by which it is read page by page. */
  readonly key: readonly string[];
  /** Its rows are of any size: a page is bounded by their characters too. */
  readonly large?: 'json' | 'value';
  /** Its numbers are given by the store, and go on where they were. */
  readonly numbered?: true;
}

const seq = (name: string, large?: 'json'): CopiedTable => ({
  name,
  key: ['seq'],
  numbered: true,
  ...(large && { large }),
});
const keyed = (name: string, ...key: readonly string[]): CopiedTable => ({ name, key });

/** Every table but those that keep themselves (the counts of deliveries) or say what store this is (`meta`); parents first. */
export const COPIED_TABLES: readonly CopiedTable[] = [
  { ...keyed('accounts', 'key'), numbered: true },
  { ...keyed('event_types', 'key'), numbered: true },
  keyed('progress', 'account'),
  seq('events', 'json'),
  seq('windows'),
  seq('quarantine', 'json'),
  seq('alerts', 'json'),
  keyed('alert_events', 'event', 'alert'),
  seq('deliveries'),
  keyed('attempts', 'delivery', 'number'),
  { ...keyed('rule_state', 'account', 'key'), large: 'value' },
  keyed('conditions', 'key'),
  keyed('leases', 'name'),
  { ...keyed('planner_memory', 'key'), large: 'value' },
  seq('silences', 'json'),
  seq('acts'),
  keyed('sink_gates', 'sink'),
  keyed('feeds', 'sink'),
  seq('feed_refusals'),
  keyed('ledger', 'account', 'from_ms'),
  keyed('lateness', 'account', 'day_ms', 'edge_ms'),
  keyed('sweeps', 'account', 'last_ms'),
  seq('backfills'),
  keyed('drift', 'account', 'kind', 'name'),
  keyed('chains', 'account'),
  keyed('unchained', 'account'),
  keyed('chain_holes', 'account', 'position'),
];
