import { formatProblem } from '../core/problem.ts';
import { placeText } from '../core/store-place.ts';
import type { Generation } from './generation.ts';
import type { MonitorParts } from './parts.ts';
import { switchOf } from './sinks.ts';
import { packageVersion } from './version.ts';

/** The first lines of a life: what runs, what is off, what is doubtful. */
export const announce = (parts: MonitorParts, { monitor, hash }: Generation): void => {
  const { settings, rules, log } = parts;
  for (const warning of parts.warnings) log.warn('config.warning', { warning: formatProblem(warning) });
  for (const sink of settings.sinks.filter((candidate) => candidate.off)) {
    log.info('config.sink_off', {
      sink: sink.name,
      type: sink.type,
      reason: `its ${switchOf(sink)} is empty`,
    });
  }
  log.info('rules.loaded', {
    rules: rules.rules.length,
    left_out: rules.skipped.map(({ info, reason }) => `${info.title} (${reason})`),
  });
  log.info('monitor.started', {
    version: packageVersion(),
    node: process.versions.node,
    pid: process.pid,
    config: settings.file,
    config_hash: hash,
    accounts: settings.accounts.map((account) => account.name),
    sinks: [...monitor.wakes.keys()],
    store: placeText(settings.store.place),
  });
};
