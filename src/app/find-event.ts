import { existsSync, readFileSync, statSync } from 'node:fs';
import { parseCreatedAt } from '../audit/created-at.ts';
import { parseSingle } from '../audit/page.ts';
import { errorText, UsageError } from '../base/errors.ts';
import { isObject, type JsonObject, own } from '../base/json.ts';
import type { Settings } from '../config/settings.ts';
import type { Clock, Random } from '../core/clock.ts';
import type { AuditEvent } from '../core/event.ts';
import type { StorePlace } from '../core/store-place.ts';
import { isStoreAt, openHistoryAt } from '../store/open.ts';
import { createQuietClient } from './quiet-client.ts';

const MAX_FILE_BYTES = 16_777_216;

const orEmpty = (value: unknown): string => (typeof value === 'string' ? value : '');

/**
 * One event of a JSON text. One from the API is read as the monitor reads it; one that a person wrote may lack id, type
 * and time (then it happened now). Throws a UsageError that calls the text `name`.
 */
const eventOfText = (text: string, name: string, nowMs: number, account = 'default'): AuditEvent => {
  const parsed = parseSingle(account, text);
  if ('value' in parsed) return parsed.value;
  let fields: JsonObject | undefined;
  try {
    const json: unknown = JSON.parse(text);
    fields = isObject(json) ? json : undefined;
  } catch (error) {
    throw new UsageError(`${name}: no JSON: ${errorText(error)}`);
  }
  if (!fields) throw new UsageError(`${name}: allowed is one event as a JSON object`);
  const createdAt = own(fields, 'created_at');
  const createdAtMs = typeof createdAt === 'string' ? parseCreatedAt(createdAt) : nowMs;
  // Whatever else keeps it from being an event (a date that is none, bottomless nesting) is not made up for.
  const missing = ['id', 'event_type', 'created_at'].filter((key) => own(fields, key) === undefined);
  if (missing.length === 0 || createdAtMs === undefined) throw new UsageError(`${name}: ${parsed.problem}`);
  return {
    id: orEmpty(own(fields, 'id')) || 'event',
    account,
    eventType: orEmpty(own(fields, 'event_type')),
    createdAtMs,
    json: text,
    fields,
  };
};

/** The event in a file, or undefined when there is no such file. Throws a UsageError when it holds something else. */
export const eventOfFile = (path: string, nowMs: number): AuditEvent | undefined => {
  if (!existsSync(path)) return undefined;
  const stat = statSync(path);
  if (!stat.isFile()) throw new UsageError(`${path}: allowed is a file with one event`);
  if (stat.size > MAX_FILE_BYTES)
    throw new UsageError(`${path}: ${stat.size} bytes; allowed are ${MAX_FILE_BYTES}`);
  return eventOfText(readFileSync(path, 'utf8'), path, nowMs);
};

/** The event with an id in the local store; undefined when it is not there. */
export const storedEvent = async (place: StorePlace, id: string): Promise<AuditEvent | undefined> => {
  if (!isStoreAt(place)) return undefined;
  const stored = await openHistoryAt(place);
  try {
    const [event] = (await stored.history.events({ id, limit: 1 })).items;
    return event && eventOfText(event.json, `event ${id}`, event.createdAtMs, event.account);
  } finally {
    await stored.close();
  }
};

/** The event with an id from the Audit API, asked as each account in turn; undefined when none knows it. */
export const remoteEvent = async (
  settings: Settings,
  id: string,
  now: Clock,
  random: Random,
  signal: AbortSignal,
): Promise<AuditEvent | undefined> => {
  for (const account of settings.accounts) {
    const client = createQuietClient(settings, account, now, random);
    try {
      const event = await client.event(id, signal);
      if (event) return event;
    } finally {
      await client.close();
    }
  }
  return undefined;
};
