import { isDeepStrictEqual } from 'node:util';
import { sleep } from '../base/sleep.ts';
import { sourcesState } from '../config/sources.ts';

/** Often enough for a person who has just saved a file; a look costs a few microseconds for each file. */
const LOOK_EVERY_MS = 1_000;
/** Looks that must agree: whoever writes several files, or one in parts, is let finish. */
const CALM_LOOKS = 1;
/** The same while something is missing: tools that deliver files take the old ones away first. */
const CALM_LOOKS_MISSING = 10;

/** What {@link watchSources} works with. */
export interface WatchOptions {
  /** Files and folders; others after a reload. */
  readonly sources: () => readonly string[];
  /** Their state when what is in force was read. */
  readonly state: string;
  /** False: nobody wants to be told now. */
  readonly isOn: () => boolean;
  readonly reload: () => Promise<unknown>;
}

/**
 * Looks every second whether what the configuration was read from has changed, and has it read again once it has come to
 * rest. It is looked at by name, not by notices of the system: those do not tell of links that are swapped, of network
 * file systems, nor of folders that are made anew.
 */
export const watchSources = async (options: WatchOptions, signal: AbortSignal): Promise<void> => {
  let known = options.state;
  let sources = options.sources();
  let last = known;
  let calm = 0;
  for (await sleep(LOOK_EVERY_MS, signal); !signal.aborted; await sleep(LOOK_EVERY_MS, signal)) {
    if (!options.isOn()) continue;
    const others = options.sources();
    if (!isDeepStrictEqual(others, sources)) {
      // Somebody else had it read meanwhile, from other files.
      sources = others;
      known = sourcesState(sources);
      last = known;
      continue;
    }
    const state = sourcesState(sources);
    calm = state === last ? calm + 1 : 0;
    last = state;
    if (state === known) continue;
    if (calm < (isMissing(state) && !isMissing(known) ? CALM_LOOKS_MISSING : CALM_LOOKS)) continue;
    // Taken before it is read: what changes meanwhile is seen by the next look.
    known = state;
    await options.reload();
  }
};

const isMissing = (state: string): boolean => state.includes('=none');
