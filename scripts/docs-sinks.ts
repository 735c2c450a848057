import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import type { Delivery, FedEvent } from '../src/core/delivery.ts';
import { portableJson, publicAlert } from '../src/sinks/alert-json.ts';
import { eventLine, FORMATS, type Format } from '../src/sinks/format.ts';
import { httpOptions } from '../src/sinks/http-options.ts';
import type { Preset } from '../src/sinks/preset.ts';
import { SINK_TYPES } from '../src/sinks/registry.ts';
import { shippedPresets } from './presets.ts';
import type { JsonSchema } from './schema.ts';

const SINKS = new URL('../docs/sinks.md', import.meta.url);
const WEBHOOKS = new URL('../docs/webhooks.md', import.meta.url);

/** The delivery whose payload the page shows. */
export const EXAMPLE: Delivery = {
  id: '9c7d0a52b1f84e6f8a3d5b0c2e417f60',
  sink: 'webhook',
  attempt: 1,
  createdAtMs: Date.UTC(2026, 2, 1, 2, 14, 38, 120),
  alert: {
    id: '4f1b6e0d93c24a7b9d5e8f7a6b3c2d10',
    kind: 'rule',
    status: 'firing',
    rule: {
      id: '6f1c3f0a-2f0e-4e0b-9a51-3d7d2f0c8a11',
      title: 'Account secret created',
      level: 'high',
      tags: ['attack.persistence'],
      references: ['https://wiki.example.com/runbooks/api-secret'],
    },
    account: 'default',
    message: 'alice@example.com created an API secret from 203.0.113.9 (NL)',
    fields: [{ name: 'user_email', value: 'alice@example.com' }],
    events: [
      {
        id: '3b1e9d5c-0d5c-4a57-9f0f-8f4d5c6b7a81',
        event_type: 'ACCOUNT_SECRET_CREATE',
        created_at: '2026-03-01T02:14:07',
        account_id: 'abcd1234',
        user_email: 'alice@example.com',
        source: 'CD',
        source_ip: '203.0.113.9',
        source_country: 'NL',
        context: {},
      },
    ],
    eventIds: ['3b1e9d5c-0d5c-4a57-9f0f-8f4d5c6b7a81'],
    eventTypes: ['ACCOUNT_SECRET_CREATE'],
    createdAtMs: Date.UTC(2026, 2, 1, 2, 14, 7),
    decidedAtMs: Date.UTC(2026, 2, 1, 2, 14, 38, 120),
  },
};

/** The event that the page shows in every format. */
const EXAMPLE_EVENT: FedEvent = {
  account: 'default',
  id: '3b1e9d5c-0d5c-4a57-9f0f-8f4d5c6b7a81',
  eventType: 'ACCOUNT_SECRET_CREATE',
  createdAtMs: Date.UTC(2026, 2, 1, 2, 14, 7),
  seenAtMs: Date.UTC(2026, 2, 1, 2, 14, 38, 120),
  json: '{"id":"3b1e9d5c-0d5c-4a57-9f0f-8f4d5c6b7a81","event_type":"ACCOUNT_SECRET_CREATE","created_at":"2026-03-01T02:14:07","account_id":"abcd1234","user_email":"alice@example.com","source":"CD","source_ip":"203.0.113.9","source_country":"NL","context":{"secret_id":"s1"}}',
};

const formatted = (format: Format): string =>
  `\`\`\`json\n${JSON.stringify(JSON.parse(eventLine(format, EXAMPLE_EVENT, '1.0.0')), null, 2)}\n\`\`\``;

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

const options = (
  { options, secrets }: Pick<(typeof SINK_TYPES)[number], 'options' | 'secrets'>,
  isShown: (name: string) => boolean = () => true,
): string => {
  const schema = z.toJSONSchema(options, { io: 'input' }) as JsonSchema;
  const shown = Object.entries(schema.properties ?? {}).filter(([name]) => isShown(name));
  const rows = shown.map(([name, option]) => {
    const file = secrets.includes(name) ? `, \`${name}_file\`` : '';
    const needed = schema.required?.includes(name) ?? false;
    const fallback = option.default === undefined ? '–' : `\`${JSON.stringify(option.default)}\``;
    return `| \`${name}\`${file} | ${needed ? '**needed**' : fallback} | ${cell(option.description ?? '')} |`;
  });
  return ['| option | default | meaning |', '|---|---|---|', ...rows].join('\n');
};

const COMMON = httpOptions({ timeout: '10s', concurrency: 1 });

const endOf = ({ resolved }: Preset['file']): string =>
  resolved === false
    ? 'nothing'
    : resolved === undefined
      ? 'a message of its own'
      : 'ends what the alert began';

const pace = ({ limits }: Preset['file']): string => {
  if (limits.per_second === undefined) return '–';
  const { per_second: perSecond, burst } = limits;
  const often = perSecond >= 1 ? `${perSecond} a second` : `${Math.round(perSecond * 60)} a minute`;
  return burst === undefined ? often : `${often}, ${burst} at once`;
};

/** The table of presets, and the options of each that are its own. */
const presets = (): string => {
  const all = shippedPresets();
  const rows = all.map(
    ({ type, file }) =>
      `| [\`${type.type}\`](#${type.type}) | ${[file.description ?? '', endOf(file), pace(file), file.events === undefined ? 'no' : 'yes', `[${file.title ?? type.type}](${file.documentation ?? ''})`].map(cell).join(' | ')} |`,
  );
  const sections = all.map(
    ({ type }) => `### ${type.type}\n\n${options(type, (name) => !Object.hasOwn(COMMON, name))}`,
  );
  return [
    '| type | what an alert becomes | the end of something | pace by default | all audit events | documentation |',
    '|---|---|---|---|---|---|',
    ...rows,
    '',
    `These options are the same for all of them:\n\n${options({ options: z.strictObject(COMMON), secrets: ['ca', 'cert', 'key'] })}`,
    '',
    sections.join('\n\n'),
  ].join('\n');
};

const example = (): string => {
  const payload: unknown = JSON.parse(portableJson(publicAlert(EXAMPLE)));
  return `\`\`\`json\n${JSON.stringify(payload, null, 2)}\n\`\`\``;
};

/** A page with the text between the marks of one generated part made anew. */
const withPart = (page: string, name: string, text: string): string => {
  const begin = `<!-- ${name}: generated by scripts/docs-sinks.ts -->`;
  const end = `<!-- /${name} -->`;
  const start = page.indexOf(begin);
  const stop = page.indexOf(end);
  if (start < 0 || stop < start) throw new Error(`a page of docs/ lacks ${begin} … ${end}`);
  return `${page.slice(0, start)}${begin}\n\n${text}\n\n${page.slice(stop)}`;
};

/** docs/sinks.md with its tables of options made anew from the schemas. */
export const withGenerated = (page: string): string =>
  SINK_TYPES.reduce(
    (made, type) => withPart(made, `options ${type.type}`, options(type)),
    FORMATS.reduce(
      (made, format) => withPart(made, `event ${format}`, formatted(format)),
      withPart(page, 'presets', presets()),
    ),
  );

/** docs/webhooks.md with its payload made anew by the sink itself. */
export const withPayload = (page: string): string => withPart(page, 'payload', example());

if (import.meta.main) {
  writeFileSync(SINKS, withGenerated(readFileSync(SINKS, 'utf8')));
  writeFileSync(WEBHOOKS, withPayload(readFileSync(WEBHOOKS, 'utf8')));
}
