import { isDeepStrictEqual } from 'node:util';
import { errorText } from '../base/errors.ts';
import { sourcesState } from '../config/sources.ts';
import { formatProblem } from '../core/problem.ts';
import type { Figures } from '../core/telemetry.ts';
import { changesBetween } from './config-changes.ts';
import { createGeneration, type Generation, type Lasting } from './generation.ts';
import type { Generations } from './generations.ts';
import type { Ready } from './load.ts';
import { keepFixed } from './needs-restart.ts';

/** What reading configuration and rules once more came to. Texts are for people and hold no secret. */
export interface ReloadAnswer {
  /** Whether what was read is in force now (but for `needs_restart`). */
  readonly ok: boolean;
  /** What is different from before; empty when nothing is. */
  readonly changes: string[];
  /** What is wrong, with places; what was in force before stays. Empty when `ok`. */
  readonly problems: string[];
  /** Names of settings that have changed and are only put in force by a restart. */
  readonly needs_restart: string[];
}

/**
 * Reads configuration and rules once more and, when all of it is right, works by them from then on. `by` is who asks, for
 * the log: `SIGHUP`, `a file has changed`, the name of a token. Never rejects: what is wrong is in the answer, and the
 * old ones run on. Resolves when the new ones are in force; asked again meanwhile it does it once more afterwards.
 */
export type Reload = (by: string) => Promise<ReloadAnswer>;

/** What is in force, and what became of the last attempt to change it. */
export interface ConfigStatus {
  readonly file: string;
  /** See `configHash`. */
  readonly hash: string;
  /** When it was read. Epoch ms. */
  readonly loadedAtMs: number;
  /** Undefined before the first attempt. */
  readonly lastReload:
    | { readonly atMs: number; readonly ok: boolean; readonly problems: readonly string[] }
    | undefined;
}

/** What a running monitor offers to those who look after its configuration. */
export interface Reloader {
  readonly reload: Reload;
  status(): ConfigStatus;
  /** Why the latest configuration is not in force; undefined: it is. */
  refusal(): string | undefined;
  /** Files and folders that the configuration was last read from, and that the one in force was. */
  sources(): readonly string[];
  /** Their state when they were last read. */
  seen(): string;
}

/** What {@link createReloader} works with. */
export interface ReloaderOptions {
  readonly lasting: Omit<Lasting, 'refusal'>;
  /** The configuration of the start. */
  readonly first: Ready;
  readonly generations: () => Generations;
  readonly telemetry: Figures;
  /** Aborts when the monitor stops. */
  readonly stopping: AbortSignal;
}

/** More problems are counted, not logged one by one. */
const MAX_TOLD = 50;

/** Makes the {@link Reloader} of a monitor. */
export const createReloader = (options: ReloaderOptions): Reloader => {
  const { lasting, telemetry, stopping } = options;
  const { log, now } = lasting.parts;
  let inForce = options.first;
  let lastRead = inForce.sources;
  let seen = inForce.sourcesState;
  const sources = (): readonly string[] => [...new Set([...lastRead, ...inForce.sources])];
  let last: ConfigStatus['lastReload'];
  let warned = new Set(lasting.parts.warnings.map((warning) => formatProblem(warning)));

  const refuse = (by: string, problems: readonly string[]): ReloadAnswer => {
    last = { atMs: now(), ok: false, problems };
    telemetry.count('config_reloads_total', { outcome: 'refused' });
    telemetry.gauge('config_last_reload_successful', 0);
    for (const problem of problems.slice(0, MAX_TOLD)) log.error('config.problem', { problem });
    log.error('config.kept', {
      by,
      problems: problems.length,
      reason: 'what was read is wrong; configuration and rules stay as they were',
      config_hash: options.generations().current.hash,
    });
    return { ok: false, changes: [], problems: [...problems], needs_restart: [] };
  };

  const read = async (by: string): Promise<ReloadAnswer> => {
    const loaded = await lasting.parts.reload();
    lastRead = loaded.sources;
    if (!loaded.ready)
      return refuse(
        by,
        loaded.problems.map((problem) => formatProblem(problem)),
      );
    const { settings, needsRestart } = keepFixed(loaded.ready.settings, inForce.settings);
    const ready = { ...loaded.ready, settings };
    const changes = changesBetween(inForce, ready);
    if (stopping.aborted) return stopped();
    if (changes.length > 0) {
      const next = createGeneration(ready, { ...lasting, refusal });
      // From here on: whoever stops meanwhile finds it as the one to go on with, or to close.
      inForce = ready;
      await options.generations().replaceBy(next);
    }
    last = { atMs: now(), ok: true, problems: [] };
    const warnings = loaded.warnings.map((warning) => formatProblem(warning));
    for (const warning of warnings) if (!warned.has(warning)) log.warn('config.warning', { warning });
    warned = new Set(warnings);
    telemetry.count('config_reloads_total', { outcome: 'applied' });
    tellSuccess(telemetry, options.generations().current, now());
    const level = changes.length > 0 || needsRestart.length > 0 ? 'info' : 'debug';
    log[by === BY_FILES ? level : 'info']('config.reloaded', {
      by,
      config_hash: options.generations().current.hash,
      changes,
      ...(needsRestart.length > 0 && { needs_restart: needsRestart }),
    });
    return { ok: true, changes: [...changes], problems: [], needs_restart: [...needsRestart] };
  };

  const refusal = (): string | undefined => {
    if (last?.ok !== false) return undefined;
    const [first = '', ...others] = last.problems;
    return others.length === 0 ? first : `${first}; and ${others.length} more`;
  };

  let running: Promise<unknown> = Promise.resolve();
  let next: { readonly answer: Promise<ReloadAnswer>; readonly by: Set<string> } | undefined;
  const reload: Reload = (by) => {
    // Who asks while another one waits shares its turn: nothing has been read yet.
    if (next) {
      next.by.add(by);
      return next.answer;
    }
    const asking = new Set([by]);
    const answer = running.then(async () => {
      next = undefined;
      if (stopping.aborted) return stopped();
      const all = [...asking].join(', ');
      // Taken before they are read: what changes meanwhile is seen by the next look.
      const [from, state] = [sources(), sourcesState(sources())];
      try {
        return await read(all);
      } catch (error) {
        return refuse(all, [errorText(error)]);
      } finally {
        seen = isDeepStrictEqual(sources(), from) ? state : sourcesState(sources());
      }
    });
    next = { answer, by: asking };
    running = answer;
    return answer;
  };

  return {
    reload,
    refusal,
    sources,
    seen: () => seen,
    status() {
      const { hash, loadedAtMs } = options.generations().current;
      return { file: inForce.settings.file, hash, loadedAtMs, lastReload: last };
    },
  };
};

/** Who asks when a file has changed. */
export const BY_FILES = 'a file has changed';

/** The figures of a configuration that has come into force. */
export const tellSuccess = (telemetry: Figures, { hash }: Pick<Generation, 'hash'>, nowMs: number): void => {
  telemetry.gauge('config_last_reload_successful', 1);
  telemetry.gauge('config_last_reload_success_timestamp_seconds', nowMs / 1_000);
  telemetry.replace('config_info', [{ labels: { hash }, value: 1 }]);
};

const stopped = (): ReloadAnswer => ({
  ok: false,
  changes: [],
  problems: ['the monitor is stopping'],
  needs_restart: [],
});

/** Names that `fresh` no longer has. */
const namesGone = (
  old: readonly { readonly name: string }[],
  fresh: readonly { readonly name: string }[],
): readonly string[] => old.map(({ name }) => name).filter((name) => !fresh.some((one) => one.name === name));

/** Everything that is measured of accounts, sinks and rules which are no longer there. */
export const forgetFigures = (
  telemetry: Figures,
  old: Pick<Ready, 'settings' | 'rules'>,
  fresh: Pick<Ready, 'settings' | 'rules'>,
): void => {
  for (const account of namesGone(old.settings.accounts, fresh.settings.accounts))
    telemetry.forget({ account });
  for (const sink of namesGone(old.settings.sinks, fresh.settings.sinks)) telemetry.forget({ sink });
  const kept = new Set(fresh.rules.rules.map(({ info }) => info.id));
  for (const { info } of old.rules.rules) if (!kept.has(info.id)) telemetry.forget({ rule: info.id });
};
