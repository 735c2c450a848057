import { z } from 'zod';
import { parseDuration } from '../base/duration.ts';

/** A duration such as `10s` between one millisecond and ten minutes; comes out as milliseconds. */
export const timeoutOption = (fallback: string, description: string) =>
  z
    .string()
    .default(fallback)
    .transform((text, context) => {
      const ms = parseDuration(text);
      if (ms !== undefined && ms > 0 && ms <= 600_000) return ms;
      context.addIssue({
        code: 'custom',
        message: `"${text}" is no duration between 1ms and 10m, such as 10s`,
      });
      return z.NEVER;
    })
    .describe(description);

/**
 * A URL of one of the given schemes (with their colon), or '' for a sink that is off. The value is a secret, so the
 * message never repeats it.
 */
export const urlOption = (protocols: readonly string[], description: string) =>
  z
    .string()
    .trim()
    .refine((text) => text === '' || (URL.canParse(text) && isUsable(new URL(text), protocols)), {
      error: `is no URL of the form ${protocols.map((p) => `${p}//host/…`).join(' or ')} (empty switches the sink off)`,
    })
    .describe(description);

const isUsable = (url: URL, protocols: readonly string[]): boolean =>
  protocols.includes(url.protocol) && url.hostname !== '';
