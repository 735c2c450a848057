import type { Store } from '../core/store.ts';
import type { Budget } from './pace.ts';
import type { Reloader } from './reload.ts';
import type { LiveStatus } from './status-input.ts';
import type { Watched } from './watchdog.ts';

const iso = (ms: number): string => new Date(ms).toISOString();

/** Answers what only the running monitor knows of itself, as it is at the moment. */
export const createLiveStatus =
  (options: {
    readonly startedAtMs: number;
    readonly active: () => boolean;
    readonly pollers: () => readonly Watched[];
    readonly store: Pick<Store, 'status'>;
    readonly reloader: Pick<Reloader, 'status'>;
    /** Of the requests to the API, as it is now; undefined: not limited, or nobody polls here. */
    readonly budget: () => Budget | undefined;
    readonly redact: (text: string) => string;
  }): (() => LiveStatus) =>
  () => {
    const budget = options.budget();
    const { file, hash, loadedAtMs, lastReload } = options.reloader.status();
    return {
      active: options.active(),
      startedAtMs: options.startedAtMs,
      pollers: options.pollers(),
      probe: () => options.store.status.probe(),
      config: {
        file,
        hash,
        loaded_at: iso(loadedAtMs),
        last_reload: lastReload
          ? { at: iso(lastReload.atMs), ok: lastReload.ok, problems: [...lastReload.problems] }
          : null,
      },
      apiBudget: budget
        ? {
            // The part of a replica is any fraction.
            requests_per_second: Number(budget.requestsPerSecond.toPrecision(3)),
            used_ratio: budget.usedRatio(),
          }
        : null,
      redact: options.redact,
    };
  };
