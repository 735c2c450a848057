import { z } from 'zod';
import { parseDuration } from '../base/duration.ts';

/*
 * Kinds of option that several sinks have. As in the rest of the configuration, a message says what is allowed; what
 * was found is added by the reader of the file, who knows what must not be shown.
 */

const MAX_TIMEOUT_MS = 600_000;

/** A duration such as `10s` between one millisecond and ten minutes; comes out as milliseconds. */
export const timeoutOption = (fallback: string, description: string) => {
  const error = `allowed: a duration from 1ms to 10m, such as ${fallback}`;
  return z
    .string({ error })
    .refine((text) => isWithin(parseDuration(text)), { error })
    .transform((text) => parseDuration(text) ?? 0)
    .prefault(fallback)
    .meta({ allowed: 'duration, 1ms to 10m', description });
};

const isWithin = (ms: number | undefined): boolean => ms !== undefined && ms > 0 && ms <= MAX_TIMEOUT_MS;

/** A URL of one of the given schemes (with their colon), or '' for a sink that is off. */
export const urlOption = (protocols: readonly string[], description: string) => {
  const forms = protocols.map((protocol) => `${protocol}//`);
  return z
    .string()
    .trim()
    .refine((text) => text === '' || isUsable(text, protocols), {
      error: `allowed: a URL that starts with ${forms.join(' or ')} and names a host, or an empty text, which switches the sink off`,
    })
    .meta({ allowed: `URL, ${forms.map((form) => `\`${form}\``).join(' or ')}`, description });
};

const isUsable = (text: string, protocols: readonly string[]): boolean => {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return protocols.includes(url.protocol) && url.hostname !== '';
};

/** PEM text, inline or by `<name>_file`. */
export const pemOption = (description: string) =>
  z
    .string()
    .trim()
    .refine((text) => text === '' || text.startsWith('-----BEGIN '), {
      error: 'allowed: PEM text, which starts with -----BEGIN',
    })
    .transform((text) => (text === '' ? undefined : text))
    .optional()
    .meta({ allowed: 'PEM text', description });
