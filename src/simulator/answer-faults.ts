import { gzipSync } from 'node:zlib';
import { type Answer, errorAnswer, jsonAnswer } from './answer.ts';
import type { ActiveFaults } from './fault-table.ts';
import type { AnswerFault, FaultOf, RetryAfter, Shape } from './faults.ts';

const HTML =
  '<!DOCTYPE html><html><head><title>Service</title></head><body><h1>We will be back soon</h1></body></html>';
const HTML_TYPE = { 'content-type': 'text/html; charset=utf-8' } as const;

/** The event of the OpenAPI document, in a page that claims to be the first of two: what a static mock serves. */
const DOCUMENTED_PAGE = JSON.stringify({
  _embedded: {
    events: [
      {
        id: 'aaaaaaaa-bbbb-cccc-dddd-0123456789ab',
        event_type: 'APP_CREATE',
        event_type_description: 'Application created.',
        created_at: '2018-07-04T11:41:32',
        user_email: 'user@example.org',
        user_id: 1_234_567,
        account_id: 'abcd1234',
        source: 'CD',
        source_ip: '192.0.2.0',
        source_description: 'Customer Dashboard',
        source_country: 'GB',
        context: {},
        _links: {
          self: { href: 'https://api.nexmo.com/beta/audit/events/aaaaaaaa-bbbb-cccc-dddd-0123456789ab' },
        },
      },
    ],
  },
  _links: {
    self: { href: 'http://api.nexmo.com/beta/audit/events' },
    next: { href: 'http://api.nexmo.com/beta/audit/events?page=2&size=30' },
    last: { href: 'http://api.nexmo.com/beta/audit/events?page=2&size=30' },
  },
  page: { size: 100, totalElements: 120, totalPages: 2, number: 1 },
});

const SHAPES: Readonly<Record<Shape, string>> = {
  array: '[]',
  null: 'null',
  text: '"ok"',
  number: '200',
  'empty-object': '{}',
  'events-object':
    '{"_embedded":{"events":{}},"page":{"size":100,"totalElements":0,"totalPages":0,"number":1}}',
  'events-null':
    '{"_embedded":{"events":null},"page":{"size":100,"totalElements":0,"totalPages":0,"number":1}}',
  error: '{"status":500,"error":"Internal Server Error","message":"Error."}',
};

const retryAfterText = (retryAfter: RetryAfter, nowMs: number): string => {
  switch (retryAfter) {
    case 'date':
      return new Date(nowMs + 2_000).toUTCString();
    case 'past-date':
      return new Date(nowMs - 3_600_000).toUTCString();
    case 'absurd':
      return '99999999999';
    case 'negative':
      return '-5';
    case 'garbage':
      return 'a while';
    default:
      return String(retryAfter);
  }
};

const statusAnswer = (fault: FaultOf<'status'>, nowMs: number): Answer => {
  const retry =
    fault.retryAfter === undefined ? {} : { 'retry-after': retryAfterText(fault.retryAfter, nowMs) };
  if (fault.body === 'html') return { status: fault.status, headers: { ...HTML_TYPE, ...retry }, body: HTML };
  if (fault.body === 'empty') return { status: fault.status, headers: retry, body: '' };
  const answer = errorAnswer(fault.status);
  return { ...answer, headers: { ...answer.headers, ...retry } };
};

/** Half of it, or another share; whole bytes, so a cut may go through a character. */
const cut = (body: string | Buffer, share = 0.5): Buffer => {
  const bytes = Buffer.from(body as string);
  return bytes.subarray(0, Math.floor(bytes.length * share));
};

type Change<K extends AnswerFault['kind']> = (answer: Answer, fault: FaultOf<K>, nowMs: number) => Answer;

/** What each fault makes of an answer, in the order in which they act on each other. */
const CHANGES: { readonly [K in AnswerFault['kind']]: Change<K> } = {
  static: (_answer, fault) => jsonAnswer(fault.body ?? DOCUMENTED_PAGE),
  shape: (_answer, fault) => jsonAnswer(SHAPES[fault.shape]),
  html: () => ({ status: 200, headers: HTML_TYPE, body: HTML }),
  huge: (answer, fault) => ({
    ...answer,
    body: `${answer.body.toString().slice(0, -1)},"filler":"`,
    filler: { bytes: fault.bytes, end: '"}' },
  }),
  truncated: (answer, fault) => ({ ...answer, body: cut(answer.body, fault.keep) }),
  redirect: (_answer, fault) => ({ status: fault.status ?? 302, headers: { location: fault.to }, body: '' }),
  status: (_answer, fault, nowMs) => statusAnswer(fault, nowMs),
  gzip: (answer, fault) => {
    const packed = gzipSync(answer.body);
    return {
      ...answer,
      headers: { ...answer.headers, 'content-encoding': 'gzip' },
      body: fault.broken ? cut(packed) : packed,
    };
  },
};

/** The answer after all answer faults that hold for this request. */
export const applyAnswerFaults = (genuine: Answer, faults: ActiveFaults, nowMs: number): Answer => {
  let answer = genuine;
  for (const [kind, change] of Object.entries(CHANGES)) {
    const fault = faults.of(kind as AnswerFault['kind']);
    // The table pairs every kind with the change for its own fault, which the type of a loop cannot say.
    if (fault) answer = (change as Change<AnswerFault['kind']>)(answer, fault, nowMs);
  }
  return answer;
};
