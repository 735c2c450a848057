import { parseSingle } from '../audit/page.ts';
import type { AuditEvent } from '../core/event.ts';
import type { StoredEvent } from '../core/history.ts';
import type { Store } from '../core/store.ts';
import type { Explanation } from '../rules/explain.ts';
import type { Console } from '../server/api-console.ts';
import type { EventDetail, ExplanationAnswer, ExplanationNode } from '../server/trail-shapes.ts';
import { createBreath } from './breath.ts';
import { objectOf } from './event-object.ts';
import { eventRowOf, fieldsOf, readEventRow } from './event-rows.ts';
import { type ExplainedRule, explainLoaded } from './explain.ts';
import type { CompiledRules } from './load.ts';
import { mergedKeys } from './merge-events.ts';
import { searchEvents } from './search-events.ts';

/** How far back the event before is looked for. */
const PREVIOUS_ROWS = 50_000;
const PREVIOUS_MS = 150;
const ROWS_MS = 2_000;
const BATCH = 64;

const iso = (ms: number): string => new Date(ms).toISOString();

/** The part of {@link Console} that is about single events and lists of them. */
export const createConsoleEvents = (options: {
  readonly store: Pick<Store, 'history' | 'browse'>;
  readonly rules: () => CompiledRules;
}): Pick<Console, 'events' | 'event' | 'explain'> => {
  const { history, browse } = options.store;

  const find = async (account: string, id: string): Promise<StoredEvent | undefined> =>
    (await history.events({ account, id, limit: 1 })).items[0];

  /** The newest event before this one that is about the same, as far as a bounded look goes. */
  const previousOf = async (event: StoredEvent, signal: AbortSignal): Promise<StoredEvent | undefined> => {
    const object = objectOf(fieldsOf(event), event.eventType);
    if (!object) return undefined;
    const breath = createBreath(PREVIOUS_MS);
    const keys = mergedKeys(browse, [event.account], {
      fromMs: undefined,
      toMs: undefined,
      newestFirst: true,
      withMatched: false,
      after: event,
    });
    let looked = 0;
    let waiting: number[] = [];
    const look = async (): Promise<StoredEvent | undefined> => {
      const some = await browse.eventsAt(waiting);
      waiting = [];
      return some.find((other) => object.read(fieldsOf(other)) === object.id);
    };
    for await (const key of keys) {
      if (object.isAbout(key.eventType)) waiting.push(key.seq);
      looked += 1;
      if (waiting.length < BATCH && looked % 1_024 !== 0) continue;
      const found = await look();
      if (found) return found;
      await breath.take();
      if (signal.aborted || looked >= PREVIOUS_ROWS || breath.isSpent()) return undefined;
    }
    return look();
  };

  const whole = async (event: StoredEvent): Promise<EventDetail['event']> => {
    const fields = fieldsOf(event);
    return {
      ...eventRowOf(event, fields, await history.alertsOf(event.account, event.id)),
      json: fields,
    };
  };

  return {
    async events(search, signal) {
      const known = await history.accounts();
      const accounts = search.account === undefined ? known : known.filter((name) => name === search.account);
      const { events, next, searchedUntilMs } = await searchEvents(browse, accounts, search, signal);
      const breath = createBreath(ROWS_MS);
      const items = [];
      for (const event of events) {
        items.push(await readEventRow(history, event));
        await breath.take();
      }
      return {
        items,
        next: next ?? null,
        searched_until: searchedUntilMs === undefined ? null : iso(searchedUntilMs),
      };
    },
    async event(account, id, signal) {
      const event = await find(account, id);
      if (!event) return undefined;
      const previous = await previousOf(event, signal);
      return {
        event: await whole(event),
        previous: previous ? await whole(previous) : null,
        alerts: (await history.alertsOf(account, id)).map(
          ({ id: alertId, kind, level, title, message, ruleId, decidedAtMs }) => ({
            id: alertId,
            kind,
            level,
            title,
            message,
            rule: ruleId,
            decided_at: iso(decidedAtMs),
          }),
        ),
      };
    },
    async explain(account, id, rule) {
      const event = await find(account, id);
      const parsed = event && parseSingle(account, event.json);
      if (!parsed || !('value' in parsed)) return undefined;
      const compiled = options.rules();
      const behind = await history.alertsOf(account, id);
      const ids = rule === undefined ? [...new Set(behind.map(({ ruleId }) => ruleId))] : [rule];
      const items = ids.flatMap((each) => explanationOf(compiled, each, parsed.value));
      return rule !== undefined && items.length === 0 ? undefined : { items };
    },
  };
};

const explanationOf = (compiled: CompiledRules, id: string, event: AuditEvent): ExplanationAnswer[] => {
  const explained: ExplainedRule | undefined = explainLoaded(compiled, id, event);
  if (!explained) return [];
  const { rule, lines, findings } = explained;
  return [
    {
      rule: { id: rule.id, title: rule.title, level: rule.level },
      lines: [...lines],
      findings: findings.map((finding) => ({
        rule: { id: finding.rule.id, title: finding.rule.title },
        matches: finding.matches ?? null,
        notes: [...finding.notes],
        tree: nodeOf(finding.tree),
      })),
    },
  ];
};

const nodeOf = ({ text, holds, seen, parts }: Explanation): ExplanationNode => ({
  text,
  holds: holds ?? null,
  seen: seen ?? null,
  parts: parts.map(nodeOf),
});
