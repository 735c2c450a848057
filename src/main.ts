#!/usr/bin/env node
// The process edge: refuses a Node that cannot run the rest, turns signals into an AbortSignal, sets the exit code.
import { writeSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { fileURLToPath } from 'node:url';

/** The oldest Node the dependencies run on; see `engines` in package.json. */
const OLDEST = [22, 19] as const;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  process.stderr.write(
    `vonage-audit-monitor needs Node ${OLDEST.join('.')} or later, this is ${process.versions.node}.\n` +
      'From a clone, "npm ci" brings a fitting Node along: use "npm start" instead of "node src/main.ts run".\n',
  );
  process.exit(2);
}

const stop = new AbortController();
const onSignal = (): void => {
  // The first signal asks for a clean end; a second one means now, whatever is in flight (the outbox survives it).
  if (stop.signal.aborted) process.exit(1);
  stop.abort();
};
process.on('SIGTERM', onSignal);
process.on('SIGINT', onSignal);
// Whoever can do something better than stop says so; what came before is told then. A terminal that was closed is not
// somebody asking for that: what was started in it ends with it.
let hangup: (() => void) | undefined;
let hangups = 0;
const isTerminalGone = (): boolean => {
  try {
    writeSync(1, '');
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EIO';
  }
};
process.on('SIGHUP', () => {
  hangups += 1;
  if (isTerminalGone() || (!hangup && process.argv[2] !== 'run')) onSignal();
  else hangup?.();
});
const onHangup = (listener: () => void): void => {
  hangup = listener;
  if (hangups > 0) listener();
};

// Compiled code is kept between runs, which halves a start from source. It lies beside the code itself, so that nobody
// can plant any who could not change the program anyway; where that place cannot be written, nothing is kept.
nodeModule.enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/compiled', import.meta.url)));

// Imported only now: on an old Node the parts would fail to load before the refusal above could be read.
const { runCommandLine } = await import('./cli/program.ts');
process.exitCode = await runCommandLine(process.argv.slice(2), stop.signal, onHangup);
// Everything is closed by now and the process ends by itself; should a handle have been forgotten, it still ends.
setTimeout(() => process.exit(), 1_000).unref();
