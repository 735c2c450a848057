import { sleep } from '../base/sleep.ts';
import { isIncomplete, sourcesState } from '../config/sources.ts';

/** Often enough for a person who has just saved a file; a look costs a few microseconds for each file. */
const LOOK_EVERY_MS = 1_000;
/** Thousands of files, or a slow disk: at most one part in so many of the time goes into looking. */
const PAUSE_PER_LOOK = 200;
/** Looks that must agree: whoever writes several files, or one in parts, is let finish. */
const CALM_LOOKS = 1;
/** The same while something is missing: tools that deliver files take the old ones away first. */
const CALM_LOOKS_MISSING = 10;

/** What {@link watchSources} works with. */
export interface WatchOptions {
  /** Files and folders; others after a reload. */
  readonly sources: () => readonly string[];
  /** Their state when they were last read, by whomever. */
  readonly seen: () => string;
  /** False: nobody wants to be told now. */
  readonly isOn: () => boolean;
  /** Has all of it read; what is seen is then another state. */
  readonly reload: () => Promise<unknown>;
}

/**
 * Looks every second whether what the configuration was read from has changed, and has it read again once it has come to
 * rest. It is looked at by name, not by notices of the system: those do not tell of links that are swapped, of network
 * file systems, nor of folders that are made anew.
 */
export const watchSources = async (options: WatchOptions, signal: AbortSignal): Promise<void> => {
  let last = options.seen();
  let calm = 0;
  let pauseMs = LOOK_EVERY_MS;
  for (await sleep(pauseMs, signal); !signal.aborted; await sleep(pauseMs, signal)) {
    if (!options.isOn()) continue;
    const begunMs = performance.now();
    const state = sourcesState(options.sources());
    pauseMs = Math.max(LOOK_EVERY_MS, (performance.now() - begunMs) * PAUSE_PER_LOOK);
    calm = state === last ? calm + 1 : 0;
    last = state;
    const seen = options.seen();
    if (state === seen) continue;
    const isGone = isIncomplete(state) && !isIncomplete(seen);
    if (calm >= (isGone ? CALM_LOOKS_MISSING : CALM_LOOKS)) await options.reload();
  }
};
