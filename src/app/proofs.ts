import { formatDuration } from '../base/duration.ts';
import type { Trouble } from '../core/conditions.ts';
import { createTimeWindow } from '../core/time-window.ts';
import { sendHeartbeats } from './heartbeat.ts';
import type { Monitor } from './parts.ts';
import { zoneOf } from './planner.ts';
import { runScheduledDrills } from './scheduled-drill.ts';
import type { Task } from './tasks.ts';
import { packageVersion } from './version.ts';
import { silentForMs, staleAfterMs, type Watched } from './watchdog.ts';

/**
 * What the configuration wants done to prove that the monitor works: drills and heartbeats. `isHeld` says whether it is ours to do, asked
 * before anything leaves the process.
 */
export const checksOf = (
  monitor: Monitor,
  pollers: () => readonly Watched[],
  trouble: Trouble,
  isHeld: () => boolean = () => true,
): readonly Task[] => {
  const { settings, log, now, random, redact } = monitor.parts;
  const { drill, heartbeat } = settings;
  const tasks: Task[] = [];
  if (drill) {
    const isTime = createTimeWindow(drill.schedule, zoneOf(settings));
    if (typeof isTime === 'string') throw new Error(`drill: ${isTime}`);
    const live = monitor.sinks.map((sink) => sink.name);
    tasks.push((until) =>
      runScheduledDrills(
        {
          drill,
          isTime,
          sinks: drill.to?.filter((name) => live.includes(name)) ?? live,
          accounts: settings.accounts.map((account) => account.name),
          outbox: monitor.store.outbox,
          history: monitor.store.history,
          chains: monitor.store.chains,
          trouble,
          wake: monitor.wake,
          now,
          log,
          telemetry: monitor.telemetry,
        },
        until,
      ),
    );
  }
  if (heartbeat) {
    tasks.push((until) =>
      sendHeartbeats(
        {
          heartbeat,
          problems: () => notFresh(monitor, pollers()),
          isHeld,
          chains: monitor.store.chains,
          redact,
          now,
          log,
          telemetry: monitor.telemetry,
          deps: { log, now, random, version: packageVersion(), proxyFor: settings.proxy.urlFor },
        },
        until,
      ),
    );
  }
  return tasks;
};

/** A delivery that has been due for so long is overdue: something does not flow. */
const OVERDUE_MS = 600_000;

/** Everything that is not as fresh as it must be: each account's last complete pass, the store, the outbox. */
const notFresh = async (
  { store, sinks, parts }: Monitor,
  pollers: readonly Watched[],
): Promise<readonly string[]> => {
  const problems: string[] = [];
  const nowMs = parts.now();
  const limitMs = staleAfterMs(parts.settings.poll.intervalMs);
  for (const poller of pollers) {
    const silentMs = silentForMs(poller, nowMs);
    if (silentMs === undefined) problems.push(`account "${poller.account}" has not been polled yet`);
    else if (silentMs > limitMs)
      problems.push(`account "${poller.account}" was polled completely ${formatDuration(silentMs)} ago`);
  }
  try {
    await store.status.probe();
    for (const { name } of sinks) {
      const dueMs = await store.outbox.nextDueMs(name);
      if (dueMs !== undefined && nowMs - dueMs > OVERDUE_MS)
        problems.push(`a delivery to "${name}" is overdue for ${formatDuration(nowMs - dueMs)}`);
    }
    for (const key of (await store.conditions.open()).keys())
      if (key.startsWith('circuit:') || key.startsWith('parked:')) problems.push(`${key} is open`);
  } catch {
    problems.push('the store cannot be written');
  }
  return problems;
};
