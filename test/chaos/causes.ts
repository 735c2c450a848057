import type { Alert } from '../../src/core/alert.ts';
import type { Plan } from './plan.ts';
import type { Episode, Trouble } from './trouble.ts';

/** Longer than a Retry-After that is believed (an hour), and than what it takes to be called stale after it. */
const AFTERMATH_MS = 2 * 3_600_000;
/** What the monitor decided while its own clock was off carries that clock's time. */
const MOST_SKEW_MS = 3 * 3_600_000;

/** Whether it keeps the monitor from its store. */
export const isStore = ({ kind }: Trouble): boolean =>
  kind === 'store' || kind === 'database' || kind === 'database link';

/** Whether something in the plan can have made the monitor say this about itself. */
export const causeOf = (alert: Alert, plan: Plan): boolean => {
  const recent = plan.episodes.filter(
    ({ fromMs, toMs }: Episode) =>
      alert.createdAtMs >= fromMs - MOST_SKEW_MS && alert.createdAtMs <= toMs + AFTERMATH_MS + MOST_SKEW_MS,
  );
  const some = (fits: (trouble: Trouble) => boolean): boolean => recent.some(({ trouble }) => fits(trouble));
  const isAway = ({ kind }: Trouble): boolean => kind === 'restart' || kind === 'kill' || kind === 'clock';
  const isApi = ({ kind }: Trouble): boolean => kind.startsWith('api ');
  const isSink = (trouble: Trouble): boolean =>
    ((trouble.kind === 'sink' || trouble.kind === 'sink link') && alert.message.includes(trouble.sink)) ||
    (trouble.kind === 'rotation' && alert.message.includes(trouble.of));
  switch (alert.rule.id) {
    case 'system.own_credential':
      return alert.eventIds.length > 0;
    case 'system.blind':
      return some(
        (trouble) =>
          (trouble.kind === 'rotation' && trouble.of === 'api') ||
          (trouble.kind === 'api fails' &&
            trouble.fault.kind === 'status' &&
            [401, 403].includes(trouble.fault.status)),
      );
    case 'system.quarantined':
      return some((trouble) => trouble.kind === 'api lies' && trouble.fault.kind === 'malformed');
    case 'system.unverified':
      return some((trouble) => trouble.kind === 'api lies' || trouble.kind === 'api fails');
    case 'system.clock_skew':
      return some(({ kind }) => kind === 'clock');
    case 'system.stale':
      return some(
        (trouble) => isApi(trouble) || isAway(trouble) || isStore(trouble) || trouble.kind === 'rotation',
      );
    // Each has ways of its own, and so a configuration of its own.
    case 'system.skew':
      return some(({ kind }) => kind === 'rival');
    case 'system.store':
      return some(isStore);
    case 'system.parked':
    case 'system.circuit':
      return some(isSink);
    case 'system.drill':
      return some((trouble) => isSink(trouble) || isAway(trouble) || isStore(trouble));
    default:
      return false;
  }
};
