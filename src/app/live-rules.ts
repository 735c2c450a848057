import { errorText } from '../base/errors.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { formatProblem } from '../core/problem.ts';
import type { CompiledRules, Loaded } from './load.ts';

/** The rules in force. */
export interface LiveRules {
  /** The engine to judge the next batch with: made anew when a list file has changed since. Never rejects. */
  engine(): Promise<CompiledRules['engine']>;
  /** The rules that the engine was last made of. */
  compiled(): CompiledRules;
}

/** What {@link createLiveRules} works with. */
export interface LiveRulesOptions {
  readonly rules: CompiledRules;
  /** State of the list files, as one text that changes when one of them does. */
  readonly listState: () => string;
  /** Loads configuration and rules once more. */
  readonly reload: () => Promise<Loaded>;
  readonly now: Clock;
  readonly log: Log;
}

/** Looking more often would only cost. */
const LOOK_EVERY_MS = 1_000;

/**
 * Keeps rules in step with list files (`lists: {name: {file: …}}`): when one changes, the rules are compiled anew and take
 * over between two batches; their memory is in the store's state, which the new engine reads. A change that cannot be
 * loaded leaves the old rules in force and says so once.
 */
export const createLiveRules = (options: LiveRulesOptions): LiveRules => {
  const { now, log } = options;
  let current = options.rules;
  let seen = options.listState();
  let lookAtMs = 0;
  let loading: Promise<void> | undefined;

  const reload = async (state: string): Promise<void> => {
    try {
      const loaded = await options.reload();
      if (loaded.ready) {
        current = loaded.ready.rules;
        log.info('rules.loaded', {
          rules: current.rules.length,
          reason: 'a list file has changed',
        });
      } else {
        const first = loaded.problems[0];
        log.error('rules.loaded', {
          reason: `a list file has changed, but the rules cannot be loaded again; the old ones stay in force${first ? `: ${formatProblem(first)}` : ''}`,
        });
      }
    } catch (error) {
      log.error('rules.loaded', { reason: `the rules cannot be loaded again: ${errorText(error)}` });
    }
    // Also after a failure: the next change is tried, this one would only fail again.
    seen = state;
  };

  return {
    async engine() {
      // Accounts share the rules: whoever notices first loads, the others wait for it.
      if (loading) await loading;
      if (now() >= lookAtMs || now() < lookAtMs - LOOK_EVERY_MS) {
        lookAtMs = now() + LOOK_EVERY_MS;
        const state = options.listState();
        if (state !== seen) {
          loading = reload(state);
          await loading;
          loading = undefined;
        }
      }
      return current.engine;
    },
    compiled: () => current,
  };
};
