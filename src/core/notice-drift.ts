import type { DriftChange, DriftEntry, DriftKind } from './drift.ts';
import type { AuditEvent } from './event.ts';

/** Notices what is new about the form of an account's trail. Holds what is known in memory; nothing is told twice. */
export interface DriftWatch {
  /** What the new events show. `quiet`: everything in them is learnt. */
  ofEvents(events: readonly AuditEvent[], nowMs: number, quiet: boolean): readonly DriftChange[];
  /** What has changed in the list of types that the API gives. An empty list says nothing. */
  ofListed(types: readonly string[], nowMs: number): readonly DriftChange[];
}

/** Told a day; what is more is noticed again tomorrow. Names come from events, and so may be chosen by an attacker. */
const MAX_TOLD_A_DAY = 20;
const MAX_KNOWN = 5_000;
/** A context with more members than this has data for names. */
const MAX_CONTEXT_KEYS = 50;
const MAX_NAME_LENGTH = 200;
const DAY_MS = 86_400_000;

/** Makes a {@link DriftWatch} over what is known. Forms are learnt for `learnMs` from the first event on, and of each type from its first. */
export const createDriftWatch = (known: readonly DriftEntry[], learnMs: number): DriftWatch => {
  const types = new Map<string, number>();
  const fields = new Set<string>();
  const contexts = new Map<string, Set<string>>();
  const listed = new Set<string>();
  let sinceMs: number | undefined;
  let size = 0;
  let toldDay = 0;
  let toldCount = 0;

  const contextOf = (type: string): Set<string> => {
    const keys = contexts.get(type) ?? new Set();
    contexts.set(type, keys);
    return keys;
  };
  const countTold = (atMs: number): void => {
    const day = Math.floor(atMs / DAY_MS);
    if (day !== toldDay) [toldDay, toldCount] = [day, 0];
    toldCount += 1;
  };
  const remember = ({ kind, name, atMs }: DriftEntry): void => {
    size += 1;
    if (kind === 'since') sinceMs = atMs;
    else if (kind === 'type') types.set(name, atMs);
    else if (kind === 'field') fields.add(name);
    else if (kind === 'listed') listed.add(name);
    else {
      const space = name.indexOf(' ');
      contextOf(name.slice(0, space)).add(name.slice(space + 1));
    }
  };
  for (const entry of known) remember(entry);
  for (const { told, atMs } of known.toSorted((a, b) => a.atMs - b.atMs)) if (told) countTold(atMs);

  /** Takes an entry up unless there are too many; undefined then. */
  const take = (kind: DriftKind, name: string, atMs: number, told: boolean): DriftChange | undefined => {
    const isToday = Math.floor(atMs / DAY_MS) === toldDay;
    if (size >= MAX_KNOWN || (told && isToday && toldCount >= MAX_TOLD_A_DAY)) return undefined;
    const entry = { kind, name, atMs, told };
    remember(entry);
    if (told) countTold(atMs);
    return { ...entry, gone: false };
  };
  const isLearning = (fromMs: number, nowMs: number): boolean => nowMs < fromMs + learnMs;
  const shorten = (name: string): string =>
    name.length > MAX_NAME_LENGTH ? name.slice(0, MAX_NAME_LENGTH).toWellFormed() : name;

  return {
    ofEvents(events, nowMs, quiet) {
      const changes: (DriftChange | undefined)[] = [];
      const isFirst = sinceMs === undefined && events.length > 0;
      if (isFirst) changes.push(take('since', '', nowMs, false));
      const learning = quiet || isFirst || isLearning(sinceMs ?? nowMs, nowMs);
      /** Types first met in these events: what these show of them is learnt. */
      const fresh = new Set<string>();
      for (const event of events) {
        // A space would make the names of context members ambiguous.
        const type = shorten(event.eventType.replaceAll(' ', '_'));
        if (!types.has(type) && !fresh.has(type)) {
          fresh.add(type);
          changes.push(take('type', type, nowMs, !learning && !listed.has(event.eventType)));
        }
        for (const name of Object.keys(event.fields)) {
          const field = shorten(name);
          if (!fields.has(field)) changes.push(take('field', field, nowMs, !learning));
        }
        const { context } = event.fields;
        if (typeof context !== 'object' || context === null || Array.isArray(context)) continue;
        // Looked up anew for every name: it exists only once something of the type is known.
        const learns = learning || fresh.has(type) || isLearning(types.get(type) ?? nowMs, nowMs);
        for (const name of Object.keys(context)) {
          const key = shorten(name);
          const keys = contexts.get(type);
          if (keys && (keys.has(key) || keys.size >= MAX_CONTEXT_KEYS)) continue;
          changes.push(take('context', `${type} ${key}`, nowMs, !learns));
        }
      }
      return changes.filter((change) => change !== undefined);
    },
    ofListed(given, nowMs) {
      if (given.length === 0) return [];
      const isFirst = listed.size === 0;
      const now = new Set(given.map(shorten));
      const added = [...now]
        .filter((type) => !listed.has(type))
        .map((type) => take('listed', type, nowMs, !isFirst));
      const gone = [...listed]
        .filter((type) => !now.has(type))
        .map((name): DriftChange => {
          listed.delete(name);
          size -= 1;
          return { kind: 'listed', name, atMs: nowMs, told: true, gone: true };
        });
      return [...added.filter((change) => change !== undefined), ...gone];
    },
  };
};
