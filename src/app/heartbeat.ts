import { errorText } from '../base/errors.ts';
import { sleep } from '../base/sleep.ts';
import { fileState } from '../config/secrets.ts';
import type { HeartbeatSettings } from '../config/settings.ts';
import type { Chains } from '../core/chain.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Telemetry } from '../core/telemetry.ts';
import { createHttpPoster, type HttpPoster } from '../sinks/http.ts';
import type { SinkDeps } from '../sinks/sink-type.ts';
import { headLines } from './publish-heads.ts';
import { createUntoldHeads } from './untold-heads.ts';

/** A receiver of heartbeats that does not answer in this time has not got it. */
const TIMEOUT_MS = 10_000;
/** Heads in one heartbeat; more follow with the next. Receivers keep the beginning of a body, 10 kB and more. */
const MAX_HEADS = 50;

/** What {@link sendHeartbeats} works with. */
export interface HeartbeatOptions {
  readonly heartbeat: HeartbeatSettings;
  /** Why no heartbeat may be sent now, for people; empty: all is well. */
  readonly problems: () => Promise<readonly string[]>;
  /** Whether it is ours to send. Asked right before: a process that slept must not vouch for those who went on. */
  readonly isHeld: () => boolean;
  readonly chains: Chains;
  readonly redact: (text: string) => string;
  readonly now: Clock;
  readonly log: Log;
  readonly telemetry: Telemetry;
  readonly deps: SinkDeps;
}

/**
 * Sends a heartbeat at every interval, but only while `problems` is empty: a dead man's switch that is fed by a process
 * which reads or delivers nothing would be worse than none. Never retries: the next one comes by itself. It carries the
 * heads of the chains that its receiver does not have yet: a copy outside of this machine.
 */
export const sendHeartbeats = async (options: HeartbeatOptions, signal: AbortSignal): Promise<void> => {
  const { heartbeat, now, log, telemetry } = options;
  const count = (outcome: string): void => telemetry.count('heartbeats_total', { outcome });
  const receiver = createReceiver(options);
  const untold = createUntoldHeads();
  let told = '';

  const beat = async (): Promise<void> => {
    const due = heartbeat.heads ? untold.due(await options.chains.heads(), now()).slice(0, MAX_HEADS) : [];
    const http = await receiver.current();
    if (!options.isHeld()) return;
    const type = due.length > 0 ? { 'content-type': 'application/x-ndjson' } : {};
    const { status } = await http.post(headLines(due, now()), type, signal);
    count(status >= 300 ? 'failed' : 'sent');
    if (status >= 300) log.warn('heartbeat.failed', { reason: `HTTP ${status} from ${http.host}` });
    else {
      untold.told(due, now());
      telemetry.gauge('last_heartbeat_timestamp_seconds', now() / 1_000);
    }
  };

  try {
    for (; !signal.aborted; await sleep(heartbeat.intervalMs, signal)) {
      try {
        const reason = (await options.problems()).join('; ');
        if (reason === '') await beat();
        else {
          // Once for each reason, not with every interval.
          if (reason !== told) log.warn('heartbeat.withheld', { reason });
          count('withheld');
        }
        told = reason;
      } catch (error) {
        if (signal.aborted) break;
        count('failed');
        log.warn('heartbeat.failed', { reason: options.redact(errorText(error)) });
      }
    }
  } finally {
    await receiver.close();
  }
};

/**
 * The receiver by the URL that its secret file holds now, looked at before every heartbeat. A file that is missing, empty
 * or wrong leaves the old URL in force, told once for each state of the file.
 */
const createReceiver = ({ heartbeat, redact, log, deps }: HeartbeatOptions) => {
  const open = (url: string): HttpPoster =>
    createHttpPoster(new URL(url), { timeoutMs: TIMEOUT_MS, connections: 1 }, deps);
  let { url } = heartbeat;
  let http = open(url);
  // Not the state of now: the file may have changed since it was read.
  let seen: string | undefined;
  const kept = (reason: string): void =>
    log.error('secret.kept', {
      reason: `the secret file of heartbeat.url has changed and cannot be used; the old one stays in force: ${reason}`,
    });
  const renew = async (): Promise<void> => {
    const state = heartbeat.secretFiles.map((file) => fileState(file) ?? 'missing').join();
    if (state === seen) return;
    seen = state;
    const read = heartbeat.reread();
    if ('reason' in read) return kept(read.reason);
    if (read.url === url) return;
    const old = http;
    http = open(read.url);
    url = read.url;
    log.info('secret.changed', { reason: 'the secret file of heartbeat.url has changed' });
    for (const warning of read.warnings) log.warn('secret.open', { reason: warning });
    await old.close();
  };
  return {
    async current(): Promise<HttpPoster> {
      try {
        if (heartbeat.secretFiles.length > 0) await renew();
      } catch (error) {
        kept(redact(errorText(error)));
      }
      return http;
    },
    close: () => http.close(),
  };
};
