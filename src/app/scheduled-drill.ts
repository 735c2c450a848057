import { headFields } from '../alerts/head-fields.ts';
import { formatDuration } from '../base/duration.ts';
import { errorText } from '../base/errors.ts';
import { sleep } from '../base/sleep.ts';
import type { DrillSettings } from '../config/settings.ts';
import type { Chains } from '../core/chain.ts';
import type { Clock } from '../core/clock.ts';
import type { Trouble } from '../core/conditions.ts';
import type { DeliveryRecord, History } from '../core/history.ts';
import type { Log } from '../core/log.ts';
import type { Outbox } from '../core/outbox.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { TimeWindow } from '../core/time-window.ts';
import { drillAlert } from './drill-alert.ts';

/** What {@link runScheduledDrills} works with. */
export interface ScheduledDrillOptions {
  readonly drill: DrillSettings;
  /** The schedule of the drill, compiled. */
  readonly isTime: TimeWindow;
  /** Sinks that are drilled, as far as they are on. */
  readonly sinks: readonly string[];
  readonly accounts: readonly string[];
  readonly outbox: Pick<Outbox, 'enqueue'>;
  readonly history: Pick<History, 'deliveries'>;
  readonly chains: Chains;
  readonly trouble: Trouble;
  readonly wake: (sinks: Iterable<string>) => void;
  readonly now: Clock;
  readonly log: Log;
  readonly telemetry: Telemetry;
}

/** Short enough not to miss a minute. */
const LOOK_EVERY_MS = 5_000;
const MINUTE_MS = 60_000;
/** A drill that is older than this is no news any more: schedules repeat every week at least. */
const LOOK_BACK_MS = 8 * 86_400_000;

/** A drill on its way: by its alert, with the sinks that have not taken it yet. */
interface Underway {
  readonly alertId: string;
  readonly sinceMs: number;
  readonly waiting: Set<string>;
}

/**
 * Starts a drill at each of its times and watches its deliveries: one that is not sent within the time raises `drill`
 * for its sink, which a drill that arrives clears. The drill's identity is its minute, so a restart neither repeats one
 * nor forgets one that is under way: it looks for the latest one and goes on watching.
 */
export const runScheduledDrills = async (
  options: ScheduledDrillOptions,
  signal: AbortSignal,
): Promise<void> => {
  const { drill, now, log } = options;
  const underway = new Map<number, Underway>();

  const start = async (minuteMs: number): Promise<void> => {
    if (underway.has(minuteMs)) return;
    const heads = headFields(await options.chains.heads());
    const alert = drillAlert(options.accounts, keyOf(minuteMs), minuteMs, heads);
    const added = await options.outbox.enqueue([{ alert, sinks: options.sinks }]);
    underway.set(minuteMs, { alertId: alert.id, sinceMs: minuteMs, waiting: new Set(options.sinks) });
    if (added.length === 0) return;
    log.info('drill.started', { alert_id: alert.id, sinks: options.sinks });
    options.wake(options.sinks);
  };

  /** Finds the latest drill of an earlier process and takes over watching it. */
  const takeOver = async (): Promise<void> => {
    const nowMs = now();
    const first = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS;
    for (let minuteMs = first; minuteMs > nowMs - LOOK_BACK_MS; minuteMs -= MINUTE_MS) {
      if (!options.isTime(minuteMs)) continue;
      const { id: alertId } = drillAlert(options.accounts, keyOf(minuteMs), minuteMs);
      const { items } = await options.history.deliveries({ alertId });
      if (items.length === 0) continue;
      // What arrived is old news, but may have arrived while nobody watched.
      for (const { sink, state } of items) {
        if (state !== 'sent') continue;
        options.telemetry.gauge('last_drill_timestamp_seconds', minuteMs / 1_000, { sink });
        await options.trouble.clear('drill', sink);
      }
      const waiting = items
        .filter(({ sink, state }) => state !== 'sent' && options.sinks.includes(sink))
        .map(({ sink }) => sink);
      underway.set(minuteMs, { alertId, sinceMs: minuteMs, waiting: new Set(waiting) });
      return;
    }
  };

  const judge = async ({ alertId, sinceMs, waiting }: Underway): Promise<void> => {
    const { items } = await options.history.deliveries({ alertId });
    // A sink that has joined since the drill began has nothing to show.
    for (const sink of waiting) if (!items.some((delivery) => delivery.sink === sink)) waiting.delete(sink);
    for (const delivery of items) {
      if (!waiting.has(delivery.sink)) continue;
      if (delivery.state === 'sent') {
        waiting.delete(delivery.sink);
        options.telemetry.count('drills_total', { sink: delivery.sink, outcome: 'arrived' });
        options.telemetry.gauge('last_drill_timestamp_seconds', sinceMs / 1_000, { sink: delivery.sink });
        log.info('drill.arrived', { sink: delivery.sink, delivery_id: delivery.id });
        await options.trouble.clear('drill', delivery.sink);
      } else if (hasEnded(delivery) || now() - sinceMs >= drill.withinMs) {
        waiting.delete(delivery.sink);
        options.telemetry.count('drills_total', { sink: delivery.sink, outcome: 'failed' });
        const detail = hasEnded(delivery)
          ? `it was ${delivery.state}`
          : `not taken within ${formatDuration(drill.withinMs)}, ${delivery.attempts} attempts`;
        await options.trouble.raise('drill', delivery.sink, detail);
      }
    }
  };

  let tookOver = false;
  for (; !signal.aborted; await sleep(LOOK_EVERY_MS, signal)) {
    try {
      if (!tookOver) await takeOver();
      tookOver = true;
      const minuteMs = Math.floor(now() / MINUTE_MS) * MINUTE_MS;
      if (options.isTime(minuteMs)) await start(minuteMs);
      for (const [key, one] of underway) {
        await judge(one);
        if (one.waiting.size === 0 && key !== minuteMs) underway.delete(key);
      }
    } catch (error) {
      log.error('store.error', { operation: 'drill', reason: errorText(error) });
    }
  }
};

const keyOf = (minuteMs: number): string => `scheduled ${minuteMs}`;

const hasEnded = ({ state }: DeliveryRecord): boolean =>
  state === 'parked' || state === 'dropped' || state === 'folded' || state === 'silenced';
