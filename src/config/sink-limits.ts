import { z } from 'zod';
import { duration, whole } from './values.ts';

const RATE_ALLOWED = 'allowed: a number above 0 and up to 1000, or off';
const FOLD_ALLOWED = 'allowed: a whole number from 1 to 100000, or off';

/** How a sink is paced, folded, given up and replaced. */
export interface SinkLimitSettings {
  /** Undefined: as fast as the receiver takes them. */
  readonly pace: { readonly perSecond: number; readonly burst: number } | undefined;
  /** Undefined: never folded. */
  readonly foldAbove: number | undefined;
  readonly maxAgeMs: number;
  readonly fallback: string | undefined;
}

/** What a kind of sink has where the operator says nothing. */
export interface SinkLimitDefaults {
  readonly perSecond?: number;
  readonly burst?: number;
  readonly foldAbove?: number;
}

/** Options that every sink has, whatever its type. */
export const COMMON_OPTIONS = {
  rate: z
    .union(
      [z.number().gt(0, { error: RATE_ALLOWED }).max(1_000, { error: RATE_ALLOWED }), z.literal('off')],
      { error: RATE_ALLOWED },
    )
    .optional()
    .describe('Deliveries a second in the long run; `off`: as fast as the receiver takes them.')
    .meta({ allowed: 'number up to 1000, or `off`' }),
  burst: whole(1, 10_000)
    .optional()
    .describe('How many may go at once after a quiet time, where there is a rate.'),
  fold_above: z
    .union([whole(1, 100_000), z.literal('off')], { error: FOLD_ALLOWED })
    .optional()
    .describe('When more than so many alerts wait, they are folded into one digest; `off`: never.')
    .meta({ allowed: '1 to 100000, or `off`' }),
  max_age: duration('1m', '365d', '3d').describe('How long a delivery is tried before it is parked.'),
  fallback: z
    .string()
    .min(1, { error: 'allowed: the name of another sink' })
    .optional()
    .describe('A sink that gets the alerts as well which this one refuses, or while it does not answer.'),
} as const;

/** The common options as they were checked. */
export type CommonOptions = z.output<z.ZodObject<typeof COMMON_OPTIONS>>;

/** Options and the defaults of the sink's type together. */
export const sinkLimits = (
  options: Partial<CommonOptions>,
  defaults: SinkLimitDefaults = {},
): SinkLimitSettings => {
  const perSecond = options.rate === 'off' ? undefined : (options.rate ?? defaults.perSecond);
  const burst = options.burst ?? defaults.burst ?? Math.max(1, Math.ceil(perSecond ?? 1));
  return {
    pace: perSecond === undefined ? undefined : { perSecond, burst },
    foldAbove: options.fold_above === 'off' ? undefined : (options.fold_above ?? defaults.foldAbove),
    maxAgeMs: options.max_age ?? 3 * 86_400_000,
    fallback: options.fallback,
  };
};
