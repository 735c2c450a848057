import { systemAlert } from '../alerts/system-alert.ts';
import { errorText } from '../base/errors.ts';
import { sleep } from '../base/sleep.ts';
import { DEFAULT_DELIVERY_POLICY } from '../deliver/policy.ts';
import { watchStore } from './emergency.ts';
import type { Monitor } from './parts.ts';
import { pruneForEver } from './prune.ts';
import type { HeadPublisher } from './publish-heads.ts';
import { tellEndedSilences } from './silences.ts';
import type { Task } from './tasks.ts';

/** What one process at a time does whatever the configuration is: each asks for the `current` one when it needs it. */
export const steadyTasks = (current: () => Monitor, heads: HeadPublisher): readonly Task[] => {
  const { store, parts } = current();
  const { log, now } = parts;
  const wake: Monitor['wake'] = (names) => current().wake(names);
  return [
    heads.run,
    (until) => tellEndedSilences({ silences: store.silences, wake, log }, until),
    (until) =>
      pruneForEver(
        {
          retention: store.retention,
          keepMs: () => current().parts.settings.store.retentionMs,
          now,
          log,
        },
        until,
      ),
  ];
};

/**
 * Watches the store, and tells of its trouble past it. `patienceMs` is for how long it has to be in trouble first: several
 * processes need not all tell of it.
 */
export const storeWatch =
  (current: () => Monitor, patienceMs: () => number = () => 0): Task =>
  (until) => {
    const { store, parts } = current();
    const { log, now, redact } = parts;
    const wake: Monitor['wake'] = (names) => current().wake(names);
    return watchStore(
      {
        status: store.status,
        patienceMs,
        outbox: store.outbox,
        sinks: () => current().sinks,
        alert: (status, detail, sinceMs) =>
          current().planWithoutStore(
            systemAlert({ name: 'store', subject: '', detail: redact(detail) }, status, sinceMs, now()),
          ),
        attemptTimeoutMs: DEFAULT_DELIVERY_POLICY.attemptTimeoutMs,
        wake,
        log,
        now,
      },
      until,
    );
  };

/** How often somebody else's writing (a person who retries parked deliveries) is looked for. */
const NOTICE_EVERY_MS = 2_000;

/** Rings all bells when another process has written to the store: deliveries may be due that nobody here knows of. */
export const noticeOthers = async (current: () => Monitor, signal: AbortSignal): Promise<void> => {
  for (; !signal.aborted; await sleep(NOTICE_EVERY_MS, signal)) {
    const { store, parts, wake } = current();
    try {
      if (await store.status.changedByOthers()) wake();
    } catch (error) {
      parts.log.error('store.error', { operation: 'notice others', reason: errorText(error) });
    }
  }
};
