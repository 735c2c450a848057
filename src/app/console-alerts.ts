import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Store } from '../core/store.ts';
import type { AlertStoryAnswer } from '../server/alert-shapes.ts';
import type { Console, DeliverySearch } from '../server/api-console.ts';
import { publicAlert } from '../sinks/alert-json.ts';
import { actOf, deliveryRowOf, readAlertRow } from './alert-rows.ts';
import { createBreath } from './breath.ts';
import { fieldsOf } from './event-rows.ts';
import { readAlerts, searchAlerts } from './search-alerts.ts';
import { searchDeliveries } from './search-deliveries.ts';
import { type DeliveryStory, storyOf } from './story.ts';

const ROWS_MS = 2_000;

const iso = (ms: number): string => new Date(ms).toISOString();

/** The part of {@link Console} that is about alerts, deliveries and what people did. */
export const createConsoleAlerts = (options: {
  readonly store: Pick<Store, 'history' | 'browse' | 'outbox' | 'acts'>;
  /** Rings the bells of all sinks: something may be due. */
  readonly wake: () => void;
  readonly now: Clock;
  readonly log: Log;
}): Pick<Console, 'alerts' | 'alert' | 'acknowledge' | 'deliveries' | 'retry' | 'drop' | 'acts'> => {
  const { store, now, log } = options;
  const { history, browse, outbox } = store;

  const selectionOf = ({ ids, sink }: { ids: readonly string[] | undefined; sink: string | undefined }) => ({
    ids,
    sink,
  });
  return {
    async alerts(search, signal) {
      const { alerts, next, searchedUntilMs } = await searchAlerts(browse, search, signal);
      const breath = createBreath(ROWS_MS);
      const items = [];
      for (const alert of alerts) {
        items.push(await readAlertRow(store, alert));
        await breath.take();
      }
      return {
        items,
        next: next ?? null,
        searched_until: searchedUntilMs === undefined ? null : iso(searchedUntilMs),
      };
    },

    async alert(id): Promise<AlertStoryAnswer | undefined> {
      const [found] = (await history.alerts({ id, limit: 1 })).items;
      if (!found) return undefined;
      const story = await storyOf(history, id);
      const { alert } = story;
      const told = publicAlert({ id: '', sink: '', alert, attempt: 1, createdAtMs: alert.decidedAtMs });
      const states: Record<string, number> = {};
      for (const { delivery } of story.deliveries) states[delivery.state] = (states[delivery.state] ?? 0) + 1;
      const row = await readAlertRow(
        { history, browse: { ...browse, deliveryStates: async () => states } },
        { seq: 0, alert },
      );
      return {
        alert: {
          ...row,
          fields: alert.fields.map(({ name, value }) => ({ name, value })),
          tags: [...alert.rule.tags],
          references: [...alert.rule.references],
          event_ids: [...alert.eventIds],
          summary: told.summary,
        },
        events: story.events.map((event) => ({
          account: event.account,
          id: event.id,
          event_type: event.eventType,
          created_at: iso(event.createdAtMs),
          seen_at: iso(event.seenAtMs),
          json: fieldsOf(event),
        })),
        deliveries: story.deliveries.map(deliveryStoryOf),
        folded: story.folded.map(({ id: folded, rule, message }) => ({
          id: folded,
          level: rule.level,
          title: rule.title,
          message,
        })),
        acts: story.acts.map(actOf),
      };
    },

    async acknowledge(id, reason, by) {
      const [alert] = (await history.alerts({ id, limit: 1 })).items;
      if (!alert) return undefined;
      const act = { act: 'alert.acknowledged', atMs: now(), by, subject: id, detail: reason } as const;
      await store.acts.record(act);
      log.info('alert.acknowledged', { alert_id: id, by, note: reason });
      return actOf(act);
    },

    async deliveries(search: DeliverySearch, signal) {
      const { deliveries, next, searchedUntilMs } = await searchDeliveries(browse, search, signal);
      const breath = createBreath(ROWS_MS);
      const items = [];
      for (const delivery of deliveries) {
        const [placed] = await readAlerts(browse, [delivery.alertSeq]);
        items.push({
          ...deliveryRowOf(delivery, delivery.lastDetail),
          level: delivery.level,
          title: placed?.alert.rule.title ?? delivery.ruleId,
          account: delivery.account === '' ? null : delivery.account,
        });
        await breath.take();
      }
      return {
        items,
        next: next ?? null,
        searched_until: searchedUntilMs === undefined ? null : iso(searchedUntilMs),
      };
    },

    async retry(which, by) {
      const count = await outbox.retry(selectionOf(which), { by, detail: which.reason });
      if (count > 0) options.wake();
      return count;
    },

    drop: (which, by) =>
      outbox.drop({ ...selectionOf(which), states: ['parked'] }, { by, detail: which.reason }),

    async acts({ subject, after, limit }) {
      const { items, next } = await history.acts({ subject, after, limit, newestFirst: true });
      return { items: items.map(actOf), next: next ?? null };
    },
  };
};

const deliveryStoryOf = (story: DeliveryStory): AlertStoryAnswer['deliveries'][number] => {
  const { delivery, attempts, acts, summary } = story;
  return {
    ...deliveryRowOf(delivery, attempts.at(-1)?.detail),
    told_in: summary ? { delivery: summary.id, alert: summary.alertId, state: summary.state } : null,
    tries: attempts.map(({ startedAtMs, endedAtMs, outcome, status, bytes, detail }) => ({
      started_at: iso(startedAtMs),
      duration_ms: endedAtMs - startedAtMs,
      outcome,
      status: status ?? null,
      bytes: bytes ?? null,
      detail,
    })),
    acts: acts.map(actOf),
  };
};
