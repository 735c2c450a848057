import { defaultConfigPath, loadConfiguration } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import type { Clock } from '../core/ports.ts';
import { byPlace, type Problem } from '../core/problem.ts';
import { compileRules } from '../rules/compile.ts';
import { SINK_TYPES } from '../sinks/registry.ts';

/** The rules as compiled. */
export type CompiledRules = ReturnType<typeof compileRules>;

/** Configuration and rules together: either both are right, or there is a list of everything that is not. */
export interface Loaded {
  readonly file: string;
  /** Undefined when there are problems. */
  readonly ready: { readonly settings: Settings; readonly rules: CompiledRules } | undefined;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  /** Every secret that was read; live, a rotated secret file adds to it. */
  readonly secrets: readonly string[];
}

/** Loads the configuration file (`path`, or the default one) and all rules it names. Never rejects for their content. */
export const load = async (options: {
  readonly path: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly packageDir: string;
  readonly now: Clock;
}): Promise<Loaded> => {
  const file = options.path ?? defaultConfigPath(options.cwd, options.packageDir);
  const loaded = await loadConfiguration({
    path: file,
    env: options.env,
    sinkTypes: SINK_TYPES,
    now: options.now,
  });
  const rules = compileRules(loaded.ruleFiles, {
    ...(loaded.lists && { lists: loaded.lists }),
    ...(loaded.settings && { timezone: loaded.settings.timezone }),
    ...(loaded.sinkNames && { knownSinks: loaded.sinkNames }),
  });
  const problems = [...loaded.problems, ...rules.problems].sort(byPlace);
  return {
    file,
    ready: loaded.settings && problems.length === 0 ? { settings: loaded.settings, rules } : undefined,
    problems,
    warnings: [...loaded.warnings, ...rules.warnings].sort(byPlace),
    secrets: loaded.secrets,
  };
};
