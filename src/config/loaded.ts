import type { Problem } from '../core/problem.ts';
import type { StorePlace } from '../core/store-place.ts';
import type { TimeWindowSettings } from '../core/time-window.ts';
import type { ReadTree } from './effective.ts';
import type { RuleFile } from './rule-files.ts';
import type { Settings } from './settings.ts';

/** Everything that a configuration file came to. */
export interface LoadedConfiguration {
  /** Undefined when there are problems. */
  readonly settings: Settings | undefined;
  /**
   * The same, also when only rule files or presets have problems, for looking after a monitor that runs. A sink of a preset
   * that has problems stands there by its name and type, without its options: nothing is to be sent by it.
   */
  readonly usable: Settings | undefined;
  /** Files named by `rules`, in the order to load them; read also when there are problems elsewhere. */
  readonly ruleFiles: readonly RuleFile[];
  /** What the rules are checked against, as far as it could be read: so a slip elsewhere makes no problems in rules. */
  readonly lists: Readonly<Record<string, readonly string[]>> | undefined;
  readonly sinkNames: readonly string[] | undefined;
  readonly timezone: string | undefined;
  readonly timeWindows: Readonly<Record<string, TimeWindowSettings>> | undefined;
  /** For reading the history without the rest of the configuration, which may want secrets that are not there. */
  readonly storePlace: StorePlace | undefined;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  /** Those of `warnings` that are about secret files which every user of the machine can read. */
  readonly openSecrets: readonly Problem[];
  /** Those of `problems` and `warnings` without which the rules cannot be read and judged: not those of other sections. */
  readonly aboutRules: { readonly problems: readonly Problem[]; readonly warnings: readonly Problem[] };
  /** Every secret that was read, for the log's redactor. Live: a rotated secret file adds its new content. */
  readonly secrets: readonly string[];
  /** What {@link effectiveConfiguration} is made of, without the redactor; undefined when the file could not be read. */
  readonly read: Omit<ReadTree, 'redact'> | undefined;
  /**
   * Files and folders that it was read from, also those that were not there. Without those that are followed while
   * running anyway: secret files of accounts and sinks.
   */
  readonly sources: readonly string[];
  /** Texts of the presets that sinks are made of, by name. */
  readonly presets: Readonly<Record<string, string>>;
}
