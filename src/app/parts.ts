import type { Latch } from '../base/latch.ts';
import type { Settings } from '../config/settings.ts';
import type { Alert } from '../core/alert.ts';
import type { Clock, Random, Ticks } from '../core/clock.ts';
import type { DecidedAlert } from '../core/decided.ts';
import type { Sink } from '../core/delivery.ts';
import type { Log } from '../core/log.ts';
import type { Problem } from '../core/problem.ts';
import type { Store } from '../core/store.ts';
import type { Figures } from '../core/telemetry.ts';
import type { Tracer } from '../core/tracer.ts';
import type { Loaded, Ready } from './load.ts';
import type { EventTypeLabels } from './metric-labels.ts';

/** What a monitor is made of. */
export interface MonitorParts extends Ready {
  /** Loads configuration and rules once more. */
  readonly reload: () => Promise<Loaded>;
  /** Has `ask` called whenever the operator asks, by a signal, for configuration and rules to be read again. */
  readonly onHangup?: (ask: () => void) => void;
  /** Told once at start. */
  readonly warnings: readonly Problem[];
  readonly log: Log;
  /** Sets the least important lines that are written. */
  readonly setLogLevel?: (level: Settings['log']['level']) => void;
  /** Takes secrets out of texts that are stored. */
  readonly redact: (text: string) => string;
  readonly now: Clock;
  /** Default: the time since the process began. */
  readonly ticks?: Ticks;
  /** By which leases in a database run. Default: its own clock; given where time is injected. */
  readonly leaseClock?: Clock;
  readonly random: Random;
}

/**
 * What works by one configuration. Another takes its place when that changes; parts, store and telemetry live as long as
 * the process, but for settings and rules.
 */
export interface Monitor {
  readonly parts: MonitorParts;
  readonly store: Store;
  readonly telemetry: Figures;
  readonly tracer: Tracer;
  /** Types of events that metrics name. */
  readonly eventTypes: EventTypeLabels;
  readonly sinks: readonly Sink[];
  /** One bell a sink: rung when the outbox may hold something for it. */
  readonly wakes: ReadonlyMap<string, Latch>;
  /** One bell for each sink that is fed with events: rung when new ones were stored. */
  readonly feedWakes: ReadonlyMap<string, Latch>;
  /** Rung when new events were stored: rules over all accounts look at them. */
  readonly fleetWake: Latch;
  /** Rings the bells of some sinks, or of all. */
  wake(sinks?: Iterable<string>): void;
  /** Where an alert would go if the store, with its silences, were not asked: for when it cannot be. */
  planWithoutStore(alert: Alert): DecidedAlert;
  /** Why the latest configuration is not in force, for people; undefined: it is. */
  refusal(): string | undefined;
}
