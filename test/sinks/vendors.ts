import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';

/*
 * The receivers of the presets, played as strictly as their public documentation allows: what a real one would refuse,
 * or quietly cut, these refuse.
 */

/** A request as it came in. */
export interface VendorRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What a receiver answers. */
export interface VendorAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** One kind of receiver. */
export interface Vendor {
  /** Options of the sink for a receiver at this URL. */
  options(url: string): Readonly<Record<string, unknown>>;
  /** What must never stand in a reason. */
  readonly secrets: readonly string[];
  /** What it answers when it takes something. */
  readonly taken: VendorAnswer;
  /** Everything that it would refuse or cut. */
  faults(request: VendorRequest): readonly string[];
  /** By what it, or a person, knows a repetition. */
  identity(request: VendorRequest): string;
  /** All texts of a request that it would search for mentions, links and marks, without what it takes literally. */
  markup(request: VendorRequest): readonly Markup[];
  /** What it says to too many requests, and for how long the sink is to wait. */
  readonly busy: VendorAnswer & { readonly afterMs?: number };
  /** What it says to credentials that are none. */
  readonly refused: VendorAnswer;
}

/** A text that is searched for something: `plain` for names and addresses, the others for their marks as well. */
export interface Markup {
  readonly kind: 'plain' | 'html' | 'markdown';
  readonly text: string;
}

const marked =
  (kind: Markup['kind']) =>
  (text: string | undefined): Markup => ({ kind, text: text ?? '' });

type Body = z.ZodType;
const json = (value: unknown): string => JSON.stringify(value);
const body = (request: VendorRequest): Record<string, never> => JSON.parse(request.body);

const http = (
  request: VendorRequest,
  wanted: {
    readonly path: RegExp;
    readonly headers?: Readonly<Record<string, string>>;
    readonly maxBytes: number;
  },
): string[] => {
  const faults: string[] = [];
  if (request.method !== 'POST') faults.push(`method ${request.method}`);
  if (!wanted.path.test(request.path)) faults.push(`path ${request.path}`);
  const headers = { 'content-type': 'application/json', ...wanted.headers };
  for (const [name, value] of Object.entries(headers))
    if (!String(request.headers[name]).startsWith(value))
      faults.push(`${name}: ${String(request.headers[name])}`);
  const size = Buffer.byteLength(request.body);
  if (size > wanted.maxBytes) faults.push(`${size} bytes`);
  return faults;
};

const shape = (schema: Body, value: unknown): string[] => {
  const { error } = schema.safeParse(value);
  return error === undefined ? [] : error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
};

const text = (max: number) => z.string().min(1).max(max);
const link = z.url({ protocol: /^https?$/ });

const KEY = 'R0ut1ngKeyR0ut1ngKeyR0ut1ngKey32';
const TOKEN = '0123abcd-4567-89ef-0123-456789abcdef';

const pagerdutyPayload = z.strictObject({
  summary: text(1_024),
  source: text(255),
  severity: z.enum(['critical', 'error', 'warning', 'info']),
  timestamp: z.iso.datetime(),
  component: z.string(),
  class: z.string(),
  custom_details: z.record(z.string(), z.unknown()),
});
const pagerduty = z.discriminatedUnion('event_action', [
  z.strictObject({
    routing_key: z.string().length(32),
    event_action: z.literal('trigger'),
    dedup_key: text(255),
    client: z.string(),
    payload: pagerdutyPayload,
    links: z.array(z.strictObject({ href: link, text: z.string() })),
  }),
  z.strictObject({
    routing_key: z.string().length(32),
    event_action: z.literal('resolve'),
    dedup_key: text(255),
    payload: pagerdutyPayload,
  }),
]);

const opsgenie = z.strictObject({
  message: text(130),
  alias: text(512),
  description: z.string().max(15_000),
  details: z
    .record(z.string(), z.string())
    .refine((details) => json(details).length <= 8_000, 'details over 8000'),
  entity: z.string().max(512),
  source: z.string().max(100),
  priority: z.enum(['P1', 'P2', 'P3', 'P4', 'P5']),
  tags: z.array(text(50)).max(20),
  responders: z.array(z.strictObject({ type: z.literal('team'), name: z.string() })).max(50),
});
const opsgenieClose = z.strictObject({
  source: z.string().max(100),
  user: z.string().max(100),
  note: z.string().max(25_000),
});

const run = z.strictObject({
  type: z.literal('TextRun'),
  text: z.string().min(1),
  weight: z.enum(['Bolder', 'Default', 'Lighter']).optional(),
  size: z.enum(['Small', 'Default', 'Medium', 'Large', 'ExtraLarge']).optional(),
  italic: z.boolean().optional(),
  isSubtle: z.boolean().optional(),
});
const richText = z.strictObject({
  type: z.literal('RichTextBlock'),
  inlines: z.array(run).min(1),
  spacing: z.string().optional(),
  separator: z.boolean().optional(),
});
const teams = z.strictObject({
  type: z.literal('message'),
  attachments: z
    .array(
      z.strictObject({
        contentType: z.literal('application/vnd.microsoft.card.adaptive'),
        contentUrl: z.null(),
        content: z.strictObject({
          $schema: z.literal('http://adaptivecards.io/schemas/adaptive-card.json'),
          type: z.literal('AdaptiveCard'),
          version: z.enum(['1.2', '1.3', '1.4', '1.5']),
          msteams: z.strictObject({ width: z.literal('Full') }),
          fallbackText: z.string(),
          body: z.array(
            z.discriminatedUnion('type', [
              richText,
              z.strictObject({
                type: z.literal('Container'),
                style: z.enum(['default', 'emphasis', 'good', 'attention', 'warning', 'accent']),
                items: z.array(richText).min(1),
              }),
            ]),
          ),
          actions: z
            .array(z.strictObject({ type: z.literal('Action.OpenUrl'), title: text(200), url: link }))
            .max(6),
        }),
      }),
    )
    .length(1),
});

const notBlank = (max: number) => z.string().max(max).regex(/\S/, 'blank');
const embed = z.strictObject({
  title: notBlank(256),
  description: notBlank(4_096).optional(),
  color: z.int().min(0).max(0xffffff),
  timestamp: z.iso.datetime(),
  fields: z
    .array(z.strictObject({ name: notBlank(256), value: notBlank(1_024), inline: z.boolean() }))
    .max(25),
  footer: z.strictObject({ text: notBlank(2_048) }),
});
const embedSize = ({ title, description = '', fields, footer }: z.output<typeof embed>): number =>
  [title, description, footer.text, ...fields.flatMap(({ name, value }) => [name, value])].join('').length;
const discord = z.strictObject({
  username: text(80).optional(),
  content: z.string().max(2_000).optional(),
  allowed_mentions: z.strictObject({ parse: z.array(z.never()) }),
  embeds: z
    .array(embed.refine((one) => embedSize(one) <= 6_000, 'embed over 6000'))
    .min(1)
    .max(10),
});

const telegram = z.strictObject({
  chat_id: text(64),
  message_thread_id: z.int().optional(),
  text: text(4_096),
  parse_mode: z.literal('HTML'),
  disable_notification: z.boolean(),
  link_preview_options: z.strictObject({ is_disabled: z.literal(true) }),
});

/* Telegram refuses a message whose tags do not match, or are none of the few it knows. */
const telegramMarkup = (message: string): string[] => {
  const open: string[] = [];
  const faults: string[] = [];
  for (const [tag, slash, name = ''] of message.matchAll(/<(\/?)([^>]*)>/g)) {
    if (slash === '/' ? open.pop() !== name : !/^(b|i|code|a href="[^"<>]*")$/.test(name)) faults.push(tag);
    if (slash === '') open.push(name.split(' ')[0] ?? '');
  }
  if (open.length > 0) faults.push(`not closed: ${open.join()}`);
  if (/&(?!(amp|lt|gt|quot|#\d+);)/.test(message)) faults.push('a bare &');
  return faults;
};

const button = z.strictObject({
  text: text(200),
  onClick: z.strictObject({ openLink: z.strictObject({ url: link }) }),
});
const widget = z.union([
  z.strictObject({ textParagraph: z.strictObject({ text: text(10_000) }) }),
  z.strictObject({
    decoratedText: z.strictObject({ topLabel: text(1_000), text: text(10_000), wrapText: z.boolean() }),
  }),
  z.strictObject({ buttonList: z.strictObject({ buttons: z.array(button).min(1) }) }),
]);
const googleChat = z.strictObject({
  thread: z.strictObject({ threadKey: text(4_000) }),
  fallbackText: z.string().max(4_096),
  cardsV2: z
    .array(
      z.strictObject({
        cardId: text(200),
        card: z.strictObject({
          header: z.strictObject({ title: text(1_000), subtitle: text(1_000).optional() }),
          sections: z.array(z.strictObject({ widgets: z.array(widget).min(1).max(100) })).min(1),
        }),
      }),
    )
    .length(1),
});

const mattermost = z.strictObject({
  channel: z.string().optional(),
  username: z.string().optional(),
  text: z.string().max(16_383).optional(),
  attachments: z
    .array(
      z.strictObject({
        fallback: text(16_383),
        color: z.string().regex(/^#[0-9a-f]{6}$/),
        title: text(16_383),
        text: z.string().max(16_383),
        fields: z.array(z.strictObject({ short: z.boolean(), title: z.string(), value: z.string() })),
        footer: z.string(),
      }),
    )
    .length(1),
});

const ntfy = z.strictObject({
  topic: z.string().regex(/^[-_A-Za-z0-9]{1,64}$/),
  title: text(1_000),
  message: z.string().refine((message) => Buffer.byteLength(message) <= 4_096, 'message over 4096 bytes'),
  priority: z.int().min(1).max(5),
  tags: z.array(z.string().regex(/^\w+$/)),
  click: link.optional(),
  actions: z
    .array(z.strictObject({ action: z.literal('view'), label: z.string(), url: link }))
    .max(3)
    .optional(),
});

const splunk = z.strictObject({
  time: z.number(),
  host: z.string(),
  source: z.string(),
  sourcetype: z.string(),
  index: z.string().optional(),
  event: z.union([text(1_000_000), z.record(z.string(), z.unknown())]),
  // Indexed fields are flat.
  fields: z.record(z.string(), z.string()),
});

const elasticDocument = z.looseObject({ '@timestamp': z.iso.datetime() });
const elasticAction = z.strictObject({
  create: z.strictObject({ _index: z.string().regex(/^[a-z0-9]/), _id: z.string().min(1).max(512) }),
});

const loki = z.strictObject({
  streams: z
    .array(
      z.strictObject({
        stream: z
          .record(z.string().regex(/^[a-zA-Z_]\w*$/), text(2_048))
          .refine((labels) => Object.keys(labels).length <= 15, 'too many labels'),
        values: z.array(z.tuple([z.string().regex(/^\d+$/), z.string().max(262_144)])).min(1),
      }),
    )
    .min(1),
});

const datadog = z.strictObject({
  title: text(100),
  text: text(4_000),
  alert_type: z.enum(['error', 'warning', 'info', 'success', 'user_update', 'recommendation', 'snapshot']),
  priority: z.enum(['normal', 'low']),
  aggregation_key: text(100),
  tags: z.array(text(200)),
});

/** Markdown without what a backslash keeps from meaning anything, and without links of ours. */
const literal = (text = ''): string =>
  text.replaceAll(/\\[^A-Za-z0-9\s]/g, '').replaceAll(/<https?:\/\/[^>]*>/g, '');

const BOT = '123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr';

/** By the name of the preset. */
export const VENDORS: Readonly<Record<string, Vendor>> = {
  pagerduty: {
    options: (url) => ({ url: `${url}/v2/enqueue`, routing_key: KEY }),
    secrets: [KEY],
    taken: { status: 202, body: json({ status: 'success', message: 'Event processed', dedup_key: 'x' }) },
    faults: (request) => [
      ...http(request, { path: /^\/v2\/enqueue$/, maxBytes: 512_000 }),
      ...shape(pagerduty, body(request)),
    ],
    identity: (request) => String(body(request)['dedup_key']),
    markup: () => [],
    busy: { status: 429, body: json({ status: 'throttle exceeded', message: 'Requests were rejected' }) },
    refused: { status: 400, body: json({ status: 'invalid event', errors: ["'routing_key' is invalid"] }) },
  },
  opsgenie: {
    options: (url) => ({ url, api_key: TOKEN, teams: ['on call'], tags: ['team:security'] }),
    secrets: [TOKEN],
    taken: { status: 202, body: json({ result: 'Request will be processed', took: 0.1, requestId: TOKEN }) },
    faults: (request) => {
      const close = request.path.includes('/close');
      return [
        ...http(request, {
          path: close ? /^\/v2\/alerts\/[0-9a-f]+\/close\?identifierType=alias$/ : /^\/v2\/alerts$/,
          headers: { authorization: `GenieKey ${TOKEN}` },
          maxBytes: 500_000,
        }),
        ...shape(close ? opsgenieClose : opsgenie, body(request)),
      ];
    },
    identity: (request) => body(request)['alias'] ?? request.path,
    markup: () => [],
    busy: { status: 429, body: json({ message: 'You are making too many requests!' }) },
    refused: { status: 403, body: json({ message: 'Key format is not valid!', took: 0 }) },
  },
  teams: {
    options: (url) => ({ url: `${url}/workflows/T0kenInPath/triggers/manual?sig=T0kenInQuery` }),
    secrets: ['T0kenInPath', 'T0kenInQuery'],
    taken: { status: 202 },
    faults: (request) => [
      ...http(request, { path: /^\/workflows\/\w+\/triggers\/manual\?sig=\w+$/, maxBytes: 28 * 1_024 }),
      ...shape(teams, body(request)),
    ],
    identity: (request) => /delivery ([0-9a-f]{32})/.exec(request.body)?.[1] ?? '',
    markup: () => [],
    busy: { status: 429, headers: { 'retry-after': '9' }, afterMs: 9_000 },
    refused: { status: 401, body: json({ error: { code: 'DirectApiAuthorizationRequired' } }) },
  },
  discord: {
    options: (url) => ({ url: `${url}/api/webhooks/123456/T0kenInPath`, username: 'Audit' }),
    secrets: ['T0kenInPath'],
    taken: { status: 200, body: json({ id: '1', type: 0 }) },
    faults: (request) => [
      ...http(request, { path: /^\/api\/webhooks\/\d+\/\w+\?wait=true$/, maxBytes: 10_000_000 }),
      ...shape(discord, body(request)),
    ],
    identity: (request) => /alert ([\w-]+)/.exec(request.body)?.[1] ?? '',
    markup: (request) => {
      const [one] = (body(request) as unknown as z.output<typeof discord>).embeds;
      // What the clients take literally is no markup.
      return [
        one?.title,
        one?.description,
        ...(one?.fields ?? []).flatMap(({ name, value }) => [name, value]),
      ].map((part) => marked('markdown')(literal(part)));
    },
    busy: {
      status: 429,
      body: json({ message: 'You are being rate limited.', retry_after: 1.25, global: false }),
      afterMs: 1_250,
    },
    refused: { status: 404, body: json({ message: 'Unknown Webhook', code: 10_015 }) },
  },
  telegram: {
    options: (url) => ({ url, bot_token: BOT, chat_id: '-1001234567890' }),
    secrets: [BOT],
    taken: { status: 200, body: json({ ok: true, result: { message_id: 1 } }) },
    faults: (request) => [
      ...http(request, { path: /^\/bot\d+:[\w-]+\/sendMessage$/, maxBytes: 100_000 }),
      ...shape(telegram, body(request)),
      ...telegramMarkup(String(body(request)['text'])),
    ],
    identity: (request) => /alert <code>([\w-]+)/.exec(request.body)?.[1] ?? '',
    markup: (request) =>
      [String(body(request)['text']).replaceAll(/<code>[^<]*<\/code>|<\/?b>/g, '')].map(marked('html')),
    busy: {
      status: 429,
      body: json({
        ok: false,
        error_code: 429,
        description: 'Too Many Requests: retry after 5',
        parameters: { retry_after: 5 },
      }),
      afterMs: 5_000,
    },
    refused: { status: 401, body: json({ ok: false, error_code: 401, description: 'Unauthorized' }) },
  },
  google_chat: {
    options: (url) => ({ url: `${url}/v1/spaces/AAA/messages?key=T0kenInQuery&token=T0ken%3D` }),
    secrets: ['T0kenInQuery', 'T0ken%3D', 'T0ken='],
    taken: { status: 200, body: json({ name: 'spaces/AAA/messages/1' }) },
    faults: (request) => [
      ...http(request, {
        path: /^\/v1\/spaces\/AAA\/messages\?key=T0kenInQuery&token=T0ken%3D&messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD&requestId=[0-9a-f]{32}$/,
        headers: { 'content-type': 'application/json; charset=UTF-8' },
        maxBytes: 32_000,
      }),
      ...shape(googleChat, body(request)),
    ],
    identity: (request) => /requestId=([0-9a-f]+)/.exec(request.path)?.[1] ?? '',
    markup: (request) => {
      const { fallbackText, cardsV2 } = body(request) as unknown as z.output<typeof googleChat>;
      const widgets = cardsV2[0]?.card.sections[0]?.widgets ?? [];
      return [
        marked('plain')(fallbackText),
        ...widgets.map((one) =>
          marked('html')(
            'textParagraph' in one
              ? one.textParagraph.text
              : 'decoratedText' in one
                ? one.decoratedText.text
                : '',
          ),
        ),
      ];
    },
    busy: {
      status: 429,
      body: json({
        error: { code: 429, message: 'Resource has been exhausted', status: 'RESOURCE_EXHAUSTED' },
      }),
    },
    refused: { status: 403, body: json({ error: { code: 403, status: 'PERMISSION_DENIED' } }) },
  },
  mattermost: {
    options: (url) => ({ url: `${url}/hooks/T0kenInPath`, channel: 'security' }),
    secrets: ['T0kenInPath'],
    taken: { status: 200, body: 'ok' },
    faults: (request) => [
      ...http(request, { path: /^\/hooks\/\w+$/, maxBytes: 800_000 }),
      ...shape(mattermost, body(request)),
    ],
    identity: (request) => /alert ([\w-]+)/.exec(request.body)?.[1] ?? '',
    markup: (request) => {
      const [one] = (body(request) as unknown as z.output<typeof mattermost>).attachments;
      const all = [
        one?.title,
        one?.text,
        ...(one?.fields ?? []).flatMap(({ title, value }) => [title, value]),
      ];
      return [
        marked('plain')(one?.fallback),
        ...all.map((part) => marked('markdown')(literal(part).replaceAll(/`[^`]*`/g, ''))),
      ];
    },
    busy: { status: 429, headers: { 'retry-after': '2' }, body: 'limit exceeded', afterMs: 2_000 },
    refused: { status: 400, body: json({ id: 'web.incoming_webhook.invalid.app_error', status_code: 400 }) },
  },
  ntfy: {
    options: (url) => ({ url, topic: 'secret-topic', token: 'tk_AgQdq7mVBoFD37zQVN29RhuMzNIz2' }),
    secrets: ['secret-topic', 'tk_AgQdq7mVBoFD37zQVN29RhuMzNIz2'],
    taken: { status: 200, body: json({ id: 'x', event: 'message', topic: 'secret-topic' }) },
    faults: (request) => [
      ...http(request, {
        path: /^\/$/,
        headers: { authorization: 'Bearer tk_AgQdq7mVBoFD37zQVN29RhuMzNIz2' },
        maxBytes: 16_384,
      }),
      ...shape(ntfy, body(request)),
    ],
    identity: (request) => /alert ([\w-]+)/.exec(request.body)?.[1] ?? '',
    markup: (request) =>
      [String(body(request)['title']), String(body(request)['message'])].map(marked('plain')),
    busy: { status: 429, body: json({ code: 42_901, http: 429, error: 'limit reached: too many requests' }) },
    refused: { status: 403, body: json({ code: 40_301, http: 403, error: 'forbidden' }) },
  },
  splunk: {
    options: (url) => ({ url: `${url}/`, token: TOKEN, index: 'audit' }),
    secrets: [TOKEN],
    taken: { status: 200, body: json({ text: 'Success', code: 0 }) },
    faults: (request) => [
      ...http(request, {
        path: /^\/services\/collector\/event$/,
        headers: { authorization: `Splunk ${TOKEN}` },
        maxBytes: 838_860,
      }),
      ...lines(request).flatMap((line) => shape(splunk, line)),
    ],
    identity: (request) => (body(request) as unknown as z.output<typeof splunk>).fields['delivery_id'] ?? '',
    markup: () => [],
    busy: { status: 503, body: json({ text: 'Server is busy', code: 9 }) },
    refused: { status: 403, body: json({ text: 'Invalid token', code: 4 }) },
  },
  elasticsearch: {
    options: (url) => ({ url, api_key: 'VnVhQ2ZHY0JDZGJrUW0tZTVhT3g6dWkybHA=' }),
    secrets: ['VnVhQ2ZHY0JDZGJrUW0tZTVhT3g6dWkybHA='],
    taken: { status: 200, body: json({ errors: false, items: [{ create: { status: 201 } }] }) },
    faults: (request) => {
      const sent = lines(request);
      return [
        ...http(request, {
          path: /^\/_bulk\?filter_path=/,
          headers: {
            authorization: 'ApiKey VnVhQ2ZHY0JDZGJrUW0tZTVhT3g6dWkybHA=',
            'content-type': 'application/x-ndjson',
          },
          maxBytes: 100_000_000,
        }),
        ...(request.body.endsWith('\n') ? [] : ['no line end at the end']),
        ...(sent.length % 2 === 0 ? [] : ['half a pair of lines']),
        ...sent.flatMap((line, index) => shape(index % 2 === 0 ? elasticAction : elasticDocument, line)),
      ];
    },
    identity: (request) => (lines(request)[0] as z.output<typeof elasticAction>).create._id,
    markup: () => [],
    busy: {
      status: 200,
      body: json({
        errors: true,
        items: [{ create: { status: 429, error: { type: 'es_rejected_execution_exception' } } }],
      }),
    },
    refused: {
      status: 200,
      body: json({
        errors: true,
        items: [{ create: { status: 400, error: { type: 'document_parsing_exception' } } }],
      }),
    },
  },
  loki: {
    options: (url) => ({ url: url.replace('//', '//user:pass-word@'), tenant: 'security' }),
    secrets: ['pass-word'],
    taken: { status: 204 },
    faults: (request) => [
      ...http(request, {
        path: /^\/loki\/api\/v1\/push$/,
        headers: {
          authorization: `Basic ${Buffer.from('user:pass-word').toString('base64')}`,
          'x-scope-orgid': 'security',
        },
        maxBytes: 4_194_304,
      }),
      ...shape(loki, body(request)),
    ],
    identity: (request) => /delivery_id\\":\\"([0-9a-f]+)/.exec(request.body)?.[1] ?? '',
    markup: () => [],
    busy: { status: 429, body: 'Ingestion rate limit exceeded' },
    refused: { status: 401, body: 'no org id' },
  },
  datadog: {
    options: (url) => ({ url, api_key: KEY, tags: ['team:security'] }),
    secrets: [KEY],
    taken: { status: 202, body: json({ status: 'ok', event: { id: 1 } }) },
    faults: (request) => [
      ...http(request, { path: /^\/api\/v1\/events$/, headers: { 'dd-api-key': KEY }, maxBytes: 3_200_000 }),
      ...shape(datadog, body(request)),
    ],
    identity: (request) => String(body(request)['aggregation_key']),
    markup: (request) => [String(body(request)['title']), String(body(request)['text'])].map(marked('plain')),
    busy: { status: 429, body: json({ errors: ['Rate limit exceeded'] }) },
    refused: { status: 403, body: json({ errors: ['Forbidden'] }) },
  },
};

/** The JSON values of a body of several, one a line. */
export const lines = (request: VendorRequest): readonly unknown[] =>
  request.body
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
