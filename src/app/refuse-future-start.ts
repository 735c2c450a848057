import { UsageError } from '../base/errors.ts';
import type { Settings } from '../config/settings.ts';
import type { CollectStore } from '../core/collect-store.ts';

/**
 * Rejects with a UsageError when an account would begin in the future. One that has been read before begins where its
 * progress is, whatever `poll.start` and a clock that is wrong say.
 */
export const refuseFutureStart = async (
  settings: Pick<Settings, 'accounts' | 'poll'>,
  store: Pick<CollectStore, 'progress'>,
  nowMs: number,
): Promise<void> => {
  const { start } = settings.poll;
  if (start.kind !== 'at' || start.ms <= nowMs) return;
  for (const { name } of settings.accounts) {
    if ((await store.progress(name)) !== undefined) continue;
    const [at, now] = [start.ms, nowMs].map((ms) => new Date(ms).toISOString());
    throw new UsageError(
      `poll.start: found ${at}, and account "${name}" has not been read yet; allowed: now (${now}, by this machine's clock) or before`,
    );
  }
};
