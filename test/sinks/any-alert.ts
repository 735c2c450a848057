import * as fc from 'fast-check';
import { ALERT_KINDS, type Alert, LEVELS, SUMMARY_REASONS, type Summary } from '../../src/core/alert.ts';

/** Text as hostile as it comes: any UTF-16 units, what the far ends would act on, and long runs of it. */
const anyText: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  fc.string({
    unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
    maxLength: 40,
  }),
  fc
    .array(
      fc.constantFrom(
        '<!channel>',
        '<@U1>',
        '@here',
        '@everyone',
        '*',
        '_',
        '`',
        '&',
        '<',
        '>',
        '\r\n',
        '\n',
        '\r',
        'Bcc: m@example.com',
        '\u2028',
        '\u0000',
        '=?utf-8?Q?a?=',
        '"',
        ',',
        ';',
        '😀',
        '\ud83d',
      ),
      { maxLength: 30 },
    )
    .map((parts) => parts.join('')),
  fc
    .tuple(fc.constantFrom('x', '&', '😀', 'é', '\n', '\u0001'), fc.integer({ min: 100, max: 9_000 }))
    .map(([unit, count]) => unit.repeat(count)),
);

const anySummary: fc.Arbitrary<Summary> = fc.record({
  reason: fc.constantFrom(...SUMMARY_REASONS),
  total: fc.integer({ min: 1, max: 1_000_000 }),
  levels: fc.record(Object.fromEntries(LEVELS.map((level) => [level, fc.integer({ min: 1, max: 1_000 })])), {
    requiredKeys: [],
  }),
  members: fc.array(
    fc.record({
      alertId: anyText,
      kind: fc.constantFrom(...ALERT_KINDS),
      status: fc.constantFrom('firing' as const, 'resolved' as const),
      level: fc.constantFrom(...LEVELS),
      title: anyText,
      account: anyText,
      message: anyText,
      createdAtMs: fc.oneof(fc.integer(), fc.double()),
    }),
    { maxLength: 60 },
  ),
});

const plainAlert: fc.Arbitrary<Alert> = fc.record({
  id: anyText,
  kind: fc.constantFrom(...ALERT_KINDS),
  status: fc.constantFrom('firing' as const, 'resolved' as const),
  rule: fc.record({
    id: anyText,
    title: anyText,
    level: fc.constantFrom(...LEVELS),
    tags: fc.array(anyText, { maxLength: 3 }),
    references: fc.array(
      fc.oneof(
        anyText,
        fc.webUrl(),
        anyText.map((text) => `https://example.com/${text}`),
      ),
      { maxLength: 8 },
    ),
  }),
  account: anyText,
  message: anyText,
  fields: fc.array(fc.record({ name: anyText, value: anyText }), { maxLength: 40 }),
  events: fc.array(
    fc.dictionary(
      fc.oneof(fc.constantFrom('user_email', 'source_ip', 'source_country', '__proto__'), anyText),
      fc.oneof(anyText, fc.integer(), fc.constant(null)),
      { maxKeys: 4 },
    ),
    { maxLength: 3 },
  ),
  eventIds: fc.array(anyText, { maxLength: 6 }),
  eventTypes: fc.array(anyText, { maxLength: 3 }),
  createdAtMs: fc.oneof(fc.integer(), fc.double()),
  decidedAtMs: fc.integer(),
});

/** Any alert at all, a summary among them. */
export const anyAlert: fc.Arbitrary<Alert> = fc
  .tuple(plainAlert, fc.option(anySummary))
  .map(([alert, summary]) => (summary === null ? alert : { ...alert, summary }));
