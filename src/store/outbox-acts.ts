import type { ActName } from '../core/acts.ts';
import type { DeliverySelection, Outbox } from '../core/outbox.ts';
import { recordActs } from './acts.ts';
import type { Connection } from './connection.ts';
import { all, many, type Steps, tellOthers, type Value } from './steps.ts';

interface Selected {
  readonly seq: number;
  readonly id: string;
}

/** SQL of a condition with its value; a value of undefined does not restrict. */
type Condition = readonly [
  sql: { readonly sqlite: string; readonly postgres: string } | string,
  value: Value | undefined,
];

const IDS = { sqlite: 'd.id IN (SELECT value FROM json_each(?))', postgres: 'd.id = ANY(?::text[])' };

function* selected(
  which: DeliverySelection,
  states: readonly (keyof typeof STATES)[],
): Steps<readonly Selected[]> {
  const conditions: readonly Condition[] = [
    [IDS, which.ids],
    ['d.sink = ?', which.sink],
    ['a.rule = ?', which.ruleId],
    ['d.created_ms >= ?', which.fromMs],
    ['d.created_ms < ?', which.toMs],
  ];
  const used = conditions.filter(([, value]) => value !== undefined);
  const bound = used.map(([, value]) => value ?? null);
  const found: Selected[] = [];
  for (const state of states) {
    const select = (dialect: 'sqlite' | 'postgres'): string => {
      const where = used.map(([sql]) => (typeof sql === 'string' ? sql : sql[dialect]));
      return `SELECT d.seq, d.id FROM deliveries AS d JOIN alerts AS a ON a.seq = d.alert
        WHERE ${[STATES[state], ...where].join(' AND ')} ORDER BY d.seq FOR UPDATE OF d`;
    };
    found.push(
      ...(yield* all<Selected>({ sqlite: select('sqlite'), postgres: select('postgres') }, ...bound)),
    );
  }
  return found.sort((a, b) => a.seq - b.seq);
}

/** Literals, so that the partial indexes of what is parked and what waits can be used. */
const STATES = {
  parked: "d.state = 'parked'",
  pending: "d.due_ms IS NOT NULL AND d.state = 'pending'",
} as const;

const AGAIN = {
  sqlite: "UPDATE deliveries SET state = 'pending', due_ms = ?, ended_ms = NULL, since_ms = ? WHERE seq = ?",
  postgres: `UPDATE deliveries SET state = 'pending', due_ms = acted.due_ms, ended_ms = NULL, since_ms = acted.since_ms
    FROM unnest(?::bigint[], ?::bigint[], ?::bigint[]) AS acted (due_ms, since_ms, seq)
    WHERE deliveries.seq = acted.seq`,
};
const END = {
  sqlite: "UPDATE deliveries SET state = 'dropped', due_ms = NULL, bundle = NULL, ended_ms = ? WHERE seq = ?",
  postgres: `UPDATE deliveries SET state = 'dropped', due_ms = NULL, bundle = NULL, ended_ms = acted.ended_ms
    FROM unnest(?::bigint[], ?::bigint[]) AS acted (ended_ms, seq) WHERE deliveries.seq = acted.seq`,
};

/** What people do to deliveries; each act is recorded with what it changes. */
export const createOutboxActs = (
  connection: Connection,
  now: () => number,
): Pick<Outbox, 'retry' | 'drop'> => {
  function* record(
    act: ActName,
    rows: readonly Selected[],
    { by, detail }: { readonly by: string; readonly detail: string },
    atMs: number,
  ): Steps<number> {
    yield* tellOthers();
    yield* recordActs(rows.map(({ id }) => ({ act, atMs, by, subject: id, detail })));
    return rows.length;
  }
  return {
    retry: (which, by = { by: 'unknown', detail: '' }) =>
      connection.commit(function* () {
        const rows = yield* selected(which, ['parked']);
        const atMs = now();
        yield* many(
          AGAIN,
          rows.map(({ seq }) => [atMs, atMs, seq]),
        );
        return yield* record('delivery.retried', rows, by, atMs);
      }),
    drop: ({ states, ...which }, by) =>
      connection.commit(function* () {
        const rows = yield* selected(which, states);
        const atMs = now();
        yield* many(
          END,
          rows.map(({ seq }) => [atMs, seq]),
        );
        return yield* record('delivery.dropped', rows, by, atMs);
      }),
  };
};
