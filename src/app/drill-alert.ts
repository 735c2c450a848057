import { stableId } from '../base/hash.ts';
import type { Alert, AlertField } from '../core/alert.ts';

/** The marked alert of a drill. `key` makes it one of its kind; `heads`: see `headFields`. */
export const drillAlert = (
  accounts: readonly string[],
  key: string,
  nowMs: number,
  heads: readonly AlertField[] = [],
): Alert => ({
  id: stableId('drill', key),
  kind: 'drill',
  status: 'firing',
  rule: {
    id: 'system.drill',
    title: 'This is a drill',
    level: 'informational',
    tags: [],
    references: [],
  },
  account: accounts[0] ?? '',
  message:
    'A test of the way from the monitor to this place. Nothing has happened and nothing needs to be done.',
  fields: [
    { name: 'Sent at', value: new Date(nowMs).toISOString() },
    { name: 'Accounts', value: accounts.join(', ') },
    ...heads,
  ],
  events: [],
  eventIds: [],
  eventTypes: [],
  createdAtMs: nowMs,
  decidedAtMs: nowMs,
});
