import { isIP } from 'node:net';

/*
 * What the field reference of Elastic Common Schema 8.x says of the fields that we write: type and allowed values
 * (elastic.co/guide/en/ecs/current: ecs-base, ecs-event, ecs-allowed-values-event-*, ecs-user, ecs-source, ecs-threat, …).
 */

type Check = (value: unknown) => boolean;
const keyword: Check = (value) => typeof value === 'string' && value !== '';
const keywords: Check = (value) => Array.isArray(value) && value.length > 0 && value.every(keyword);
const date: Check = (value) =>
  typeof value === 'string' && /^[+-]?\d{4,6}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value);
const ip: Check = (value) => typeof value === 'string' && isIP(value) !== 0;
const long: Check = (value) => Number.isSafeInteger(value);
const match =
  (pattern: RegExp): Check =>
  (value) =>
    typeof value === 'string' && pattern.test(value);
const each =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.length > 0 && value.every(check);
const oneOf =
  (...allowed: readonly string[]): Check =>
  (value) =>
    allowed.includes(value as string);

/** Expected values of `event.type` for each `event.category` we use. */
const TYPES_OF_CATEGORY: Readonly<Record<string, readonly string[]>> = {
  api: [
    'access',
    'admin',
    'allowed',
    'change',
    'creation',
    'deletion',
    'denied',
    'end',
    'info',
    'start',
    'user',
  ],
  authentication: ['end', 'info', 'start'],
  configuration: ['access', 'change', 'creation', 'deletion', 'info'],
  iam: ['admin', 'change', 'creation', 'deletion', 'group', 'info', 'user'],
  intrusion_detection: ['allowed', 'denied', 'info'],
  session: ['end', 'info', 'start'],
};

const FIELDS: Readonly<Record<string, Check>> = {
  '@timestamp': date,
  message: (value) => typeof value === 'string',
  tags: keywords,
  'ecs.version': match(/^8\.\d+\.\d+$/),
  'event.kind': oneOf('alert', 'asset', 'enrichment', 'event', 'metric', 'pipeline_error', 'signal', 'state'),
  'event.category': each(oneOf(...Object.keys(TYPES_OF_CATEGORY))),
  'event.type': keywords,
  'event.outcome': oneOf('failure', 'success', 'unknown'),
  'event.action': keyword,
  'event.code': keyword,
  'event.id': keyword,
  'event.created': date,
  'event.provider': keyword,
  'event.module': keyword,
  'event.dataset': match(/^vonage\.\w+$/),
  'event.original': keyword,
  'event.severity': long,
  'event.reason': keyword,
  'event.reference': keyword,
  'observer.vendor': keyword,
  'observer.product': keyword,
  'observer.version': keyword,
  'user.id': keyword,
  'user.name': keyword,
  'user.email': keyword,
  'user.target.id': keyword,
  'user.target.name': keyword,
  'user.target.email': keyword,
  'source.address': keyword,
  'source.ip': ip,
  'source.geo.country_iso_code': match(/^[A-Z]{2}$/),
  'related.ip': each(ip),
  'related.user': keywords,
  'cloud.provider': keyword,
  'cloud.account.id': keyword,
  'cloud.account.name': keyword,
  'organization.id': keyword,
  'organization.name': keyword,
  'rule.id': keyword,
  'rule.name': keyword,
  'rule.reference': keyword,
  'threat.framework': keyword,
  'threat.tactic.id': each(match(/^TA\d{4}$/)),
  'threat.tactic.name': keywords,
  'threat.technique.id': each(match(/^T\d{4}$/)),
  'threat.technique.subtechnique.id': each(match(/^T\d{4}\.\d{3}$/)),
};
const REQUIRED = ['@timestamp', 'ecs.version', 'event.kind', 'event.dataset', 'message'];

/** Leaves by their dotted names; what lies under `vonage` is ours. */
const leaves = (value: unknown, path = ''): readonly (readonly [string, unknown])[] =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.entries(value).flatMap(([key, inner]) => leaves(inner, path === '' ? key : `${path}.${key}`))
    : [[path, value]];

/** What in a document is not as the field reference has it. */
export const ecsFaults = (document: Record<string, unknown>): readonly string[] => {
  const { vonage: _, ...standard } = document;
  const found = new Map(leaves(standard));
  const faults = REQUIRED.filter((name) => !found.has(name)).map((name) => `${name} is missing`);
  for (const [name, value] of found) {
    const check = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
    if (check === undefined) faults.push(`${name} is no field we know of`);
    else if (!check(value)) faults.push(`${name} may not be ${JSON.stringify(value).slice(0, 100)}`);
  }
  const categories = (found.get('event.category') ?? []) as readonly string[];
  const types = (found.get('event.type') ?? []) as readonly string[];
  for (const category of categories)
    for (const type of types)
      if (TYPES_OF_CATEGORY[category]?.includes(type) === false)
        faults.push(`event.type ${type} is not expected with event.category ${category}`);
  return faults;
};
