import type { SinkGate } from '../core/gate.ts';
import { run, type Steps, value } from './steps.ts';

const PUT =
  'INSERT INTO sink_gates (sink, json) VALUES (?, ?) ON CONFLICT (sink) DO UPDATE SET json = excluded.json';

/** Keeps the gate of a sink, inside the caller's transaction. */
export function* putGate(sink: string, gate: SinkGate): Steps<void> {
  yield* run(PUT, sink, JSON.stringify(gate));
}

/** Reads the gate of a sink. */
export function* readGate(sink: string): Steps<SinkGate | undefined> {
  const json = yield* value<string>('SELECT json FROM sink_gates WHERE sink = ?', sink);
  return json === undefined ? undefined : (JSON.parse(json) as SinkGate);
}
