import { z } from 'zod';

/*
 * What the SARIF 2.1.0 standard asks of the objects that we write: required properties, kinds of values, and no
 * property that the standard does not name (of those, only the ones we use are listed).
 */

const message = z.strictObject({ text: z.string().min(1) });
const level = z.enum(['none', 'note', 'warning', 'error']);

/** A relative or absolute URI reference, percent-encoded. */
const uri = z
  .string()
  .refine((text) => /^[\w\-.~:/?#[\]@!$&'()*+,;=%]+$/.test(text) && !/%(?![0-9A-F]{2})/i.test(text));

const region = z.strictObject({
  startLine: z.int().min(1),
  startColumn: z.int().min(1).optional(),
});

const physicalLocation = z.strictObject({
  // A physical location has an address or an artifact location.
  artifactLocation: z.strictObject({ uri, uriBaseId: z.string().optional() }),
  region: region.optional(),
});

const reportingDescriptor = z.strictObject({
  id: z.string().min(1),
  name: z.string().optional(),
  shortDescription: message.optional(),
  defaultConfiguration: z.strictObject({ level }).optional(),
});

const driver = z.strictObject({
  name: z.string().min(1),
  semanticVersion: z.string().optional(),
  rules: z.array(reportingDescriptor).optional(),
});

const result = z.strictObject({
  ruleId: z.string().optional(),
  ruleIndex: z.int().min(-1).optional(),
  level: level.optional(),
  message,
  locations: z.array(z.strictObject({ physicalLocation })).optional(),
});

const run = z.strictObject({
  tool: z.strictObject({ driver }),
  columnKind: z.enum(['utf16CodeUnits', 'unicodeCodePoints']).optional(),
  results: z.array(result).optional(),
});

/** A log as code scanning and editors take it. */
export const sarifLog = z
  .strictObject({
    $schema: z.url().optional(),
    version: z.literal('2.1.0'),
    runs: z.array(run),
  })
  .refine(({ runs }) =>
    runs.every(({ tool, results = [] }) =>
      // Where a result gives both, the index must lead to the descriptor of that id.
      results.every(
        ({ ruleId, ruleIndex }) => ruleIndex === undefined || tool.driver.rules?.[ruleIndex]?.id === ruleId,
      ),
    ),
  );
