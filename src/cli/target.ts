import type { Command } from 'commander';
import { visibleText } from '../alerts/visible-text.ts';
import type { AnsweredStatus } from '../app/ask-status.ts';
import type { Usable } from '../app/load.ts';
import type { WishedAddress } from '../app/monitor-address.ts';
import { CONFIG } from './about.ts';
import { loadSettings } from './load-or-refuse.ts';

/** Options of commands that ask a running monitor. */
export interface TargetOptions extends WishedAddress {
  readonly config?: string;
}

/** Gives a command the options that say which monitor is asked. */
export const withTarget = (command: Command): Command =>
  command
    .option('--url <url>', 'the monitor to ask, such as http://127.0.0.1:8080 (default: http.listen)')
    .option('--token-file <file>', 'a file with a token of the HTTP API')
    .option(...CONFIG);

/** Loads the configuration when it is needed; warns at the first time only. */
export const loading = ({ config }: TargetOptions): (() => Promise<Usable>) => {
  let quiet = false;
  return async () => {
    const usable = await loadSettings(config, { hint: HINT, quiet });
    quiet = true;
    return usable;
  };
};

const HINT = '. A running monitor can be asked without it: --url URL --token-file FILE';

/** Who was asked, for people. */
export const askedText = ({ url, why, status }: AnsweredStatus): string =>
  url === undefined
    ? `read from the store, since ${visibleText(why ?? 'no monitor was asked', 300)}`
    : `asked at ${url}, version ${visibleText(status.version, 40)}`;
