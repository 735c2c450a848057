import type { JsonObject } from '../src/base/json.ts';
import type { AuditEvent } from '../src/core/event.ts';
import { compileRules } from '../src/rules/compile.ts';
import { KNOWN_EVENT_TYPES } from '../src/rules/lint.ts';
import { createMemoryState } from '../src/rules/run-tests.ts';

/*
 * Measures the rule engine: microseconds per event for growing numbers of rules, compile time and memory, and how many
 * correlation updates a second it makes with many live groups. Run with `node bench/rules.ts`.
 */

// mulberry32: the same rules and events in every run.
const createRandom = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
};
const random = createRandom(42);
const below = (limit: number): number => Math.floor(random() * limit);
const pick = <T>(values: readonly T[]): T => values[below(values.length)] as T;
const word = (length: number): string =>
  Array.from({ length }, () => 'abcdefghijklmnopqrstuvwxyz'[below(26)]).join('');

const FIELDS = ['voice-value', 'voice-type', 'http', 'country', 'appName', 'answer_url', 'msisdn', 'label'];
const WORDS = Array.from({ length: 3_000 }, () => word(4 + below(6)));

const rule = (index: number): string => {
  const types = [pick(KNOWN_EVENT_TYPES), pick(KNOWN_EVENT_TYPES)];
  const lines = [`    event_type: [${[...new Set(types)].join(', ')}]`];
  const share = index % 10;
  const field = pick(FIELDS);
  if (share === 0) lines.push(`    context.${field}|re: '${pick(WORDS)}-[0-9]{3,}(${word(3)}|${word(4)})'`);
  else if (share < 6) {
    const operator = pick(['contains', 'startswith', 'endswith']);
    const values = Array.from({ length: 1 + below(4) }, () => `'${pick(WORDS)}'`);
    lines.push(`    context.${field}|${operator}: [${values.join(', ')}]`);
  } else if (share < 8) {
    lines.push(`    source_country: [${pick(['GB', 'US', 'FR'])}, ${pick(['RU', 'KP', 'IR'])}]`);
    lines.push(`    user_id|gt: ${95_000 + below(5_000)}`);
  } else lines.push(`    user_email: '${pick(WORDS)}@${pick(WORDS)}.example'`);
  return `title: rule ${index}
id: ${String(index).padStart(8, '0')}-0000-4000-8000-000000000000
status: experimental
description: Detects something of kind ${index}
logsource: {product: vonage, service: audit}
detection:
  selection:
${lines.join('\n')}
  filter_main_known:
    user_email|endswith: '@${pick(WORDS)}.example'
    source_ip|startswith: '10.${below(200)}.'
  condition: selection and not 1 of filter_main_*
fields: [user_email, source_ip]
falsepositives: [Planned change]
tags: [attack.persistence]
level: medium
`;
};

const event = (index: number): AuditEvent => {
  const context: Record<string, string> = {};
  for (let count = 0; count < 4; count += 1)
    context[pick(FIELDS)] = `${pick(WORDS)}-${below(10_000)} ${pick(WORDS)} ${pick(WORDS)}`;
  const atMs = 1_760_000_000_000 + index * 1_000;
  const fields: JsonObject = {
    id: `e${index}`,
    event_type: pick(KNOWN_EVENT_TYPES),
    event_type_description: 'Something was done to something',
    created_at: new Date(atMs).toISOString().slice(0, 19),
    account_id: 'abcd1234',
    user_email: `${pick(WORDS)}@${pick(WORDS)}.example`,
    user_id: below(100_000),
    source: 'CD',
    source_description: 'Customer Dashboard',
    source_ip: `10.${below(256)}.${below(256)}.${below(256)}`,
    source_country: pick(['GB', 'US', 'FR', 'DE', 'RU']),
    context,
  };
  return {
    id: `e${index}`,
    account: 'bench',
    eventType: fields.event_type as string,
    createdAtMs: atMs,
    json: JSON.stringify(fields),
    fields,
  };
};

// Processor time, not wall time: other processes on the machine do not count.
const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
};

const heapMb = (): number => {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 1024 / 1024;
};

const EVENTS = Array.from({ length: 20_000 }, (_, index) => event(index));

console.log('rules   compile ms   heap MB   us/event   matches');
for (const count of [1, 100, 1_000, 10_000]) {
  const files = Array.from({ length: count }, (_, index) => ({ path: `${index}.yml`, text: rule(index) }));
  const before = heapMb();
  const started = cpuMs();
  const { engine, problems } = compileRules(files);
  const compileMs = cpuMs() - started;
  const heap = heapMb() - before;
  if (problems.length > 0) throw new Error(problems[0]?.message);
  const state = createMemoryState();
  let matches = 0;
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round += 1) {
    matches = 0;
    const start = cpuMs();
    for (const each of EVENTS) matches += engine.evaluate(each, state).matches.length;
    best = Math.min(best, cpuMs() - start);
  }
  const perEvent = (best * 1_000) / EVENTS.length;
  console.log(
    `${String(count).padStart(5)} ${compileMs.toFixed(0).padStart(12)} ${heap.toFixed(1).padStart(9)} ${perEvent.toFixed(2).padStart(10)} ${String(matches).padStart(9)}`,
  );
}

const correlationRules = (body: string): string => `title: base
name: base
logsource: {product: vonage, service: audit}
detection: {s: {event_type: USER_LOGIN}, condition: s}
---
title: many
correlation:
  rules: [base]
  group-by: [user_email]
  timespan: 1d
  ${body}
`;

console.log('\ncorrelation (100,000 live groups)   updates/s   flush of a batch of 1,000, ms');
for (const [name, body] of [
  ['event_count', 'type: event_count\n  condition: {gte: 50}'],
  ['value_count', 'type: value_count\n  condition: {field: source_country, gte: 5}'],
] as const) {
  const { engine } = compileRules([{ path: 'c.yml', text: correlationRules(body) }], { maxGroups: 200_000 });
  const state = createMemoryState();
  const logins = Array.from({ length: 400_000 }, (_, index): AuditEvent => {
    const base = EVENTS[index % EVENTS.length] as AuditEvent;
    const fields = {
      ...base.fields,
      event_type: 'USER_LOGIN',
      user_email: `user${index % 100_000}@example.com`,
    };
    const createdAtMs = 1_760_000_000_000 + Math.floor(index / 10) * 1_000;
    return { ...base, id: `l${index}`, eventType: 'USER_LOGIN', createdAtMs, fields };
  });
  for (const login of logins.slice(0, 100_000)) engine.evaluate(login, state);
  engine.flush(state);
  const start = cpuMs();
  for (const login of logins.slice(100_000)) engine.evaluate(login, state);
  const seconds = (cpuMs() - start) / 1_000;
  engine.flush(state);
  for (const login of logins.slice(0, 1_000))
    engine.evaluate({ ...login, createdAtMs: 1_760_000_041_000_000 }, state);
  const flushStart = cpuMs();
  engine.flush(state);
  const flushMs = cpuMs() - flushStart;
  console.log(
    `${name.padEnd(35)} ${Math.round(300_000 / seconds)
      .toLocaleString('en')
      .padStart(10)} ${flushMs.toFixed(1).padStart(10)}`,
  );
}
