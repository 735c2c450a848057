import { errorText } from '../base/errors.ts';
import { sleep } from '../base/sleep.ts';
import type { Log } from '../core/log.ts';
import type { Silences } from '../core/silence.ts';

/** How often the end of silences is looked for: a summary a few seconds late surprises nobody. */
const LOOK_EVERY_MS = 5_000;

/** Tells what silences have hidden as soon as they no longer hide, until the signal aborts. */
export const tellEndedSilences = async (
  options: {
    readonly silences: Silences;
    readonly wake: (sinks: Iterable<string>) => void;
    readonly log: Log;
  },
  signal: AbortSignal,
): Promise<void> => {
  for (; !signal.aborted; await sleep(LOOK_EVERY_MS, signal)) {
    try {
      for (const { silence, hidden, sinks } of await options.silences.tellEnded()) {
        options.log.info('silence.ended', { silence: silence.id, author: silence.author, hidden, sinks });
        options.wake(sinks);
      }
    } catch (error) {
      options.log.error('store.error', { operation: 'end silences', reason: errorText(error) });
    }
  }
};
