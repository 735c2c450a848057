import type { z } from 'zod';
import type { Clock, Random } from '../core/clock.ts';
import type { Sink } from '../core/delivery.ts';
import type { Log } from '../core/log.ts';

/** What every sink may use of the outside. */
export interface SinkDeps {
  readonly log: Log;
  readonly now: Clock;
  readonly random: Random;
  /** Version of the monitor, for the User-Agent. */
  readonly version: string;
  /**
   * URL of the HTTP proxy for a request to an absolute URL, such as `http://user:pass@proxy:3128`, or undefined: direct.
   * Absent: everything direct. E-mail does not use it.
   */
  readonly proxyFor?: ((target: string) => string | undefined) | undefined;
}

/**
 * One kind of sink. Adding one costs its file, its test (which runs the shared contract) and a line in the registry.
 * `options` has no refinement on the object itself, so that the configuration can extend it with its own keys.
 */
export interface SinkType<Options extends z.ZodObject = z.ZodObject> {
  /** The value of `type:` in the configuration. */
  readonly type: string;
  /** The options beside `type`. Strict; every option is described. An empty `url` is legal: the sink is off. */
  readonly options: Options;
  /** Options that hold a secret or the content of a file: the configuration also accepts `<name>_file`. */
  readonly secrets: readonly string[];
  /**
   * Makes the sink an operator has called `name`. Opens no connection. Throws UsageError for options that are legal
   * one by one but cannot work together.
   */
  create(name: string, options: z.output<Options>, deps: SinkDeps): Sink;
}
