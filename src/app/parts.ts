import type { Latch } from '../base/latch.ts';
import type { Settings } from '../config/settings.ts';
import type { Alert } from '../core/alert.ts';
import type { Clock, Random, Ticks } from '../core/clock.ts';
import type { DecidedAlert } from '../core/decided.ts';
import type { Sink } from '../core/delivery.ts';
import type { Log } from '../core/log.ts';
import type { Problem } from '../core/problem.ts';
import type { Store } from '../core/store.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { LiveRules } from './live-rules.ts';
import type { CompiledRules, Loaded } from './load.ts';

/** What a monitor is made of. */
export interface MonitorParts {
  readonly settings: Settings;
  readonly rules: CompiledRules;
  /** Loads configuration and rules once more, when a list file has changed. */
  readonly reload: () => Promise<Loaded>;
  /** Told once at start. */
  readonly warnings: readonly Problem[];
  readonly log: Log;
  /** Takes secrets out of texts that are stored. */
  readonly redact: (text: string) => string;
  readonly now: Clock;
  /** Default: the time since the process began. */
  readonly ticks?: Ticks;
  readonly random: Random;
}

/** Everything that lives as long as the process. */
export interface Monitor {
  readonly parts: MonitorParts;
  readonly liveRules: LiveRules;
  readonly store: Store;
  readonly telemetry: Telemetry;
  readonly sinks: readonly Sink[];
  /** One bell a sink: rung when the outbox may hold something for it. */
  readonly wakes: ReadonlyMap<string, Latch>;
  /** One bell for each sink that is fed with events: rung when new ones were stored. */
  readonly feedWakes: ReadonlyMap<string, Latch>;
  /** Rings the bells of some sinks, or of all. */
  wake(sinks?: Iterable<string>): void;
  /** Where an alert would go if the store, with its silences, were not asked: for when it cannot be. */
  planWithoutStore(alert: Alert): DecidedAlert;
}
