import type { RuleFile } from '../config/rule-files.ts';
import type { Settings } from '../config/settings.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Store } from '../core/store.ts';
import type { Console } from '../server/api-console.ts';
import type { StatusAnswer } from '../server/status-shape.ts';
import { createConsoleAlerts } from './console-alerts.ts';
import { createConsoleBacktest } from './console-backtest.ts';
import { createConsoleEvents } from './console-events.ts';
import { createConsoleRules } from './console-rules.ts';
import { createConsoleSilences } from './console-silences.ts';
import { createConsoleStream } from './console-stream.ts';
import { createConsoleTrail } from './console-trail.ts';
import type { CompiledRules } from './load.ts';
import type { Reload } from './reload.ts';
import type { LiveStatus } from './status-input.ts';
import { statusReport } from './status-report.ts';
import { packageVersion } from './version.ts';

/** What a running monitor's {@link Console} is made from. */
export interface ConsoleOptions {
  readonly store: Store;
  readonly storeKind: StatusAnswer['store']['kind'];
  /** Those in force. */
  readonly settings: () => Settings;
  readonly rules: () => CompiledRules;
  /** The rule files as they were read. */
  readonly ruleTexts: () => readonly RuleFile[];
  readonly live: () => LiveStatus;
  readonly reload: Reload;
  /** Rings the bells of all sinks. */
  readonly wake: () => void;
  readonly now: Clock;
  readonly log: Log;
}

/** Makes the {@link Console} of a running monitor, whether it polls or stands by: everything but live facts is in the store. */
export const createConsole = (options: ConsoleOptions): Console & { close(): void } => {
  const { store, settings, rules, ruleTexts, now, log } = options;
  const stream = createConsoleStream({
    store,
    log,
    now,
    liveState() {
      const { active, config } = options.live();
      return JSON.stringify([active, config]);
    },
  });
  return {
    version: packageVersion(),
    status: () =>
      statusReport({
        settings: settings(),
        rules: rules(),
        overview: store.overview,
        storeKind: options.storeKind,
        live: options.live(),
        nowMs: now(),
      }),
    ...createConsoleEvents({ store, rules }),
    ...createConsoleTrail({ store, rules, now }),
    ...createConsoleAlerts({ store, wake: options.wake, now, log }),
    ...createConsoleRules({ store, rules, ruleTexts, now }),
    ...createConsoleBacktest({ store, settings, rules, ruleTexts }),
    ...createConsoleSilences({ store, settings, now }),
    reload: options.reload,
    subscribe: stream.subscribe,
    close: stream.close,
  };
};
