import { errorText } from '../base/errors.ts';
import { sleep } from '../base/sleep.ts';
import type { HeartbeatSettings } from '../config/settings.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Telemetry } from '../core/telemetry.ts';
import { createHttpPoster } from '../sinks/http.ts';
import type { SinkDeps } from '../sinks/sink-type.ts';

/** A receiver of heartbeats that does not answer in this time has not got it. */
const TIMEOUT_MS = 10_000;

/**
 * Sends a heartbeat at every interval, but only while `problems` is empty: a dead man's switch that is fed by a process
 * which reads or delivers nothing would be worse than none. Never retries: the next one comes by itself.
 */
export const sendHeartbeats = async (
  options: {
    readonly heartbeat: HeartbeatSettings;
    /** Why no heartbeat may be sent now, for people; empty: all is well. */
    readonly problems: () => Promise<readonly string[]>;
    readonly redact: (text: string) => string;
    readonly log: Log;
    readonly telemetry: Telemetry;
    readonly now: Clock;
    readonly deps: SinkDeps;
  },
  signal: AbortSignal,
): Promise<void> => {
  const { heartbeat, log, telemetry } = options;
  const count = (outcome: string): void => telemetry.count('heartbeats_total', { outcome });
  const limits = { timeoutMs: TIMEOUT_MS, connections: 1 };
  const http = createHttpPoster(new URL(heartbeat.url), limits, options.deps);
  let told = '';
  try {
    for (; !signal.aborted; await sleep(heartbeat.intervalMs, signal)) {
      try {
        const reason = (await options.problems()).join('; ');
        if (reason !== '') {
          // Once for each reason, not with every interval.
          if (reason !== told) log.warn('heartbeat.withheld', { reason });
          count('withheld');
        } else {
          const { status } = await http.post('', {}, signal);
          count(status >= 300 ? 'failed' : 'sent');
          if (status >= 300) log.warn('heartbeat.failed', { reason: `HTTP ${status} from ${http.host}` });
          else telemetry.gauge('last_heartbeat_timestamp_seconds', options.now() / 1_000);
        }
        told = reason;
      } catch (error) {
        if (signal.aborted) break;
        count('failed');
        log.warn('heartbeat.failed', { reason: options.redact(errorText(error)) });
      }
    }
  } finally {
    await http.close();
  }
};
