import type { Database } from 'better-sqlite3';
import type { SinkGate } from '../core/gate.ts';

/** Keeps the gate of a sink, inside the caller's transaction. */
export type PutGate = (sink: string, gate: SinkGate) => void;

/** Prepares {@link PutGate}. */
export const createPutGate = (db: Database): PutGate => {
  const put = db.prepare<[string, string]>(
    'INSERT INTO sink_gates (sink, json) VALUES (?, ?) ON CONFLICT (sink) DO UPDATE SET json = excluded.json',
  );
  return (sink, gate) => {
    put.run(sink, JSON.stringify(gate));
  };
};

/** Reads the gate of a sink. */
export const createReadGate = (db: Database): ((sink: string) => SinkGate | undefined) => {
  const get = db.prepare<[string], string>('SELECT json FROM sink_gates WHERE sink = ?').pluck();
  return (sink) => {
    const json = get.get(sink);
    return json === undefined ? undefined : (JSON.parse(json) as SinkGate);
  };
};
