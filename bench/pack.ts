import { fileURLToPath } from 'node:url';
import { ruleOptions } from '../src/app/load.ts';
import { createRuleState } from '../src/app/rule-state.ts';
import { loadConfiguration } from '../src/config/load.ts';
import type { AuditEvent } from '../src/core/event.ts';
import { compileRules } from '../src/rules/compile.ts';
import { createGenerator } from '../src/simulator/generator.ts';
import { SINK_TYPES } from '../src/sinks/registry.ts';

/*
 * Measures the shipped rules: compile time, and processor time per event of half a year of a busy account, with their
 * memory written out after every batch as a catch-up does. Run with `node bench/pack.ts [EVENTS]`.
 */

const count = Number(process.argv[2] ?? 200_000);
const BATCH = 2_000;
const DAY_MS = 86_400_000;

// Processor time, not wall time: other processes on the machine do not count.
const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
};

const loaded = await loadConfiguration({
  path: fileURLToPath(new URL('../config/monitor.yml', import.meta.url)),
  env: { VONAGE_API_KEY: 'abcd1234', VONAGE_API_SECRET: 'none' },
  sinkTypes: SINK_TYPES,
  now: Date.now,
});
const files = loaded.ruleFiles;
const options = ruleOptions(loaded);
const compileMs: number[] = [];
let compiled = compileRules([], options);
for (let round = 0; round < 5; round += 1) {
  const started = cpuMs();
  compiled = compileRules(files, options);
  compileMs.push(cpuMs() - started);
}
if (compiled.problems[0]) throw new Error(compiled.problems[0].message);

const generator = createGenerator({ seed: 'bench', account: 'abcd1234' });
const events = generator.burst(count, Date.UTC(2026, 0, 1), 180 * DAY_MS).map(
  (event): AuditEvent => ({
    id: event.id,
    account: 'bench',
    eventType: event.event_type,
    createdAtMs: Date.parse(`${event.created_at}Z`),
    json: JSON.stringify(event),
    fields: JSON.parse(JSON.stringify(event)) as AuditEvent['fields'],
  }),
);

console.log(`shipped rules: ${compiled.rules.length} loaded`);
console.log(`compile, first and then, ms: ${compileMs.map((ms) => ms.toFixed(0)).join(' ')}`);
console.log('round   evaluate us   flush us   keys written   kB written   matches');
const { engine } = compiled;
for (let round = 1; round <= 3; round += 1) {
  const state = createRuleState(new Map());
  let [evaluateMs, flushMs, keys, bytes, matches] = [0, 0, 0, 0, 0];
  for (let from = 0; from < events.length; from += BATCH) {
    const batch = events.slice(from, from + BATCH);
    const started = cpuMs();
    for (const event of batch) matches += engine.evaluate(event, state).matches.length;
    matches += engine.tick(batch.at(-1)?.createdAtMs ?? 0, state).matches.length;
    const evaluated = cpuMs();
    engine.flush(state);
    const texts = state.takeChanges().map(({ value }) => JSON.stringify(value));
    flushMs += cpuMs() - evaluated;
    evaluateMs += evaluated - started;
    keys += texts.length;
    bytes += texts.reduce((sum, text) => sum + text.length, 0);
  }
  const us = (ms: number): string => ((ms * 1_000) / events.length).toFixed(2);
  console.log(
    `${String(round).padStart(5)} ${us(evaluateMs).padStart(13)} ${us(flushMs).padStart(10)} ${String(keys).padStart(14)} ${String(Math.round(bytes / 1024)).padStart(12)} ${String(matches).padStart(9)}`,
  );
}
