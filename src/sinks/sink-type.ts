import type { z } from 'zod';
import type { Clock, Random } from '../core/clock.ts';
import type { Delivery, Sink } from '../core/delivery.ts';
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
  /**
   * What a reader can do about the alert of a delivery by following a link, such as silencing it for an hour: signed
   * links, the same on every attempt. Empty, or absent, where no external URL is configured.
   */
  readonly actionsFor?: ((delivery: Delivery) => readonly AlertAction[]) | undefined;
}

/** Something a reader of an alert can do with one click and a confirmation. */
export interface AlertAction {
  /** Such as `Silence for 1 h`. */
  readonly label: string;
  readonly url: string;
}

/**
 * One kind of sink. Adding one costs its file, its test (which runs the shared contract) and a line in the registry.
 * `options` has no refinement on the object itself, so that the configuration can extend it with its own keys.
 */
export interface SinkType<Options extends z.ZodObject = z.ZodObject> {
  /** The value of `type:` in the configuration. */
  readonly type: string;
  /** The options beside `type`. Strict; every option is described. Its {@link switches} may be empty: the sink is off. */
  readonly options: Options;
  /** Options that hold a secret or the content of a file: the configuration also accepts `<name>_file`. */
  readonly secrets: readonly string[];
  /**
   * The options that say where it sends, of which at least one is needed: the sink is off when those that are given are
   * all empty. Left out: `url`.
   */
  readonly switches?: readonly string[];
  /**
   * Whether a sink made with these options has `sendEvents`, so that it may be fed with audit events; absent: none of
   * this kind has.
   */
  readonly takesEvents?: (options: Readonly<Record<string, unknown>>) => boolean;
  /** What no two sinks may share, such as the file they write to; absent: nothing. For people as well. */
  readonly exclusive?: (options: z.output<Options>) => string;
  /** What the sink's receiver can stand, where the operator does not say: see docs/sinks.md, "Common options". */
  readonly limits?: SinkLimits;
  /**
   * Makes the sink an operator has called `name`. Opens no connection. Throws UsageError for options that are legal
   * one by one but cannot work together.
   */
  create(name: string, options: z.output<Options>, deps: SinkDeps): Sink;
}

/** Pacing and folding of one kind of sink by default. */
export interface SinkLimits {
  /** Deliveries a second in the long run; absent: as fast as it takes them. */
  readonly perSecond?: number;
  /** How many may go at once after a quiet time. */
  readonly burst?: number;
  /** When more than so many wait, they are folded into one digest; absent: never. */
  readonly foldAbove?: number;
}
