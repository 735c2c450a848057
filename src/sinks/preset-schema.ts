import { z } from 'zod';
import { ESCAPES } from './preset-escapes.ts';

/*
 * The shape of a preset's file. What its templates name is checked afterwards, by compiling them (preset.ts).
 */

const line = () =>
  z.string().regex(/^[^\p{Cc}]+$/u, { error: 'allowed: one line of text that is not empty' });
const optionName = () =>
  z.string().regex(/^[a-z][a-z0-9_]{0,40}$/, { error: 'allowed: small letters, digits and "_"' });
const scalar = z.union([z.string(), z.number(), z.boolean()], {
  error: 'allowed: a text, a number, true or false',
});
const several = <T extends z.ZodType>(one: T) => z.union([one, z.array(one).min(1)]);

const option = z.strictObject({
  description: line().describe('What it is for; a whole sentence.'),
  type: z.enum(['text', 'url', 'number', 'boolean', 'list']).default('text').describe('`list`: of texts.'),
  needed: z.boolean().default(false).describe('Whether the operator must give it.'),
  secret: z.boolean().default(false).describe('Kept out of logs and reasons; `<name>_file` works as well.'),
  default: z
    .union([scalar, z.array(z.string())])
    .optional()
    .describe('What it is when it is not given.'),
  pattern: z.string().optional().describe('A regular expression that a text must match as a whole.'),
  one_of: z.array(z.string()).min(1).optional().describe('The only texts that are allowed.'),
  allowed: line().optional().describe('What is allowed, in words, for messages and documentation.'),
});

const lookup = z.strictObject({
  from: line().describe('The name whose value is looked up, such as `level`.'),
  table: z.record(z.string(), scalar).describe('What it becomes.'),
  default: scalar.optional().describe('For every other value.'),
});

const body = z.unknown();
const request = z.strictObject({
  method: z.enum(['POST', 'PUT', 'PATCH']).optional().describe('HTTP method. Absent: POST.'),
  url: line()
    .optional()
    .describe('Where to. It begins with `https://…` or with a name such as `{options.url}`.'),
  query: z.record(line(), z.string()).optional().describe('Added to the URL, percent-encoded.'),
  headers: z
    .record(
      z.string().regex(/^[a-zA-Z0-9-]+\??$/, { error: 'allowed: the name of an HTTP header' }),
      z.string(),
    )
    .optional()
    .describe('Request headers. One whose name ends in `?` is left out when a name in it is empty.'),
  content_type: line().optional().describe('Absent: `application/json`.'),
  escape: z
    .enum(Object.keys(ESCAPES) as [string, ...string[]])
    .optional()
    .describe('How texts in the body are escaped where `$text` does not say otherwise.'),
  body: body.optional().describe('The JSON body.'),
  body_lines: z
    .array(z.unknown())
    .min(1)
    .optional()
    .describe('Instead of `body`: JSON values, one a line, each line ended (NDJSON).'),
  max_bytes: z
    .int()
    .min(256)
    .max(10_000_000)
    .optional()
    .describe(
      'The largest body that the receiver takes: events are left out first, then items and ends of texts.',
    ),
});

const status = z.union([z.int().min(100).max(599), z.enum(['2xx', '3xx', '4xx', '5xx'])], {
  error: 'allowed: a status such as 429, or 2xx, 3xx, 4xx, 5xx',
});

const answer = z.strictObject({
  status: several(status).optional().describe('Statuses it is about. Absent: any.'),
  member: line().optional().describe('A member of the JSON answer, such as `items.*.status`.'),
  is: several(scalar).optional().describe('What all values of the member must be one of.'),
  any: several(scalar).optional().describe('What at least one value of the member must be one of.'),
  verdict: z.enum(['sent', 'retry', 'rejected']).describe('What the attempt came to.'),
});

/** A preset's file. */
export const presetSchema = z.strictObject({
  title: line().optional().describe('Name of the receiver for people.'),
  description: line().optional().describe('What an alert becomes there; whole sentences.'),
  documentation: z
    .url({ protocol: /^https?$/, error: 'allowed: an http or https URL' })
    .optional()
    .describe("The vendor's public documentation."),
  options: z
    .record(optionName(), option)
    .default({})
    .describe('What an operator gives in the configuration.'),
  limits: z
    .strictObject({
      per_second: z
        .number()
        .positive()
        .max(10_000)
        .optional()
        .describe('Deliveries a second in the long run.'),
      burst: z.int().min(1).max(10_000).optional().describe('How many may go at once after a quiet time.'),
      fold_above: z
        .int()
        .min(1)
        .max(1_000_000)
        .optional()
        .describe('More than so many waiting become one digest.'),
      concurrency: z
        .int()
        .min(1)
        .max(64)
        .optional()
        .describe('Requests at once. Absent: 1, which keeps order.'),
    })
    .default({})
    .describe('What the receiver stands, where the operator does not say.'),
  lookups: z
    .record(optionName(), lookup)
    .default({})
    .describe(
      'More names for templates: values that depend on another one, such as a severity on the level.',
    ),
  request: request.describe('What is sent for an alert.'),
  resolved: z
    .union([z.literal(false), request], { error: 'allowed: a map, or false' })
    .optional()
    .describe(
      'What is different for the end of something. false: nothing is sent. Absent: nothing is different.',
    ),
  answers: z
    .array(answer)
    .default([])
    .describe(
      'What answers mean beyond their status; the first that fits decides. Absent or none: 2xx sent; 407, 408, 425, 429, 5xx retry; the others rejected.',
    ),
  retry_after: several(line())
    .optional()
    .describe(
      'Where in a JSON answer the receiver says how many seconds to wait, beside the header Retry-After.',
    ),
  events: request
    .extend({
      batch: z.int().min(1).max(10_000).optional().describe('Most events in one request. Absent: 100.'),
    })
    .optional()
    .describe(
      'What is different for a batch of audit events; with it, a route can feed this sink with all of them.',
    ),
});

/** A preset as its file says, with defaults. */
export type PresetFile = z.output<typeof presetSchema>;
export type PresetRequest = z.output<typeof request>;
export type PresetOption = z.output<typeof option>;
export type PresetAnswer = z.output<typeof answer>;
