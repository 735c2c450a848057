import { isIP } from 'node:net';

/*
 * What schema.ocsf.io (1.5.0) says of the classes that we write: required attributes, enumerations and "at least one of".
 */

type Object_ = Record<string, unknown>;
type Check = (value: unknown) => readonly string[];

const isObject = (value: unknown): value is Object_ =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const holds =
  (what: string, test: (value: unknown) => boolean): Check =>
  (value) =>
    test(value) ? [] : [`is no ${what}: ${JSON.stringify(value)?.slice(0, 80)}`];

const string_t = holds('string_t', (value) => typeof value === 'string' && value !== '');
const integer_t = holds('integer_t', (value) => Number.isSafeInteger(value));
const boolean_t = holds('boolean_t', (value) => typeof value === 'boolean');
const timestamp_t = holds('timestamp_t', (value) => Number.isSafeInteger(value));
const ip_t = holds('ip_t', (value) => typeof value === 'string' && isIP(value) !== 0);
const email_t = holds('email_t', (value) => typeof value === 'string' && value !== '');
const url_t = holds('url_t', (value) => typeof value === 'string' && URL.canParse(value));
const json_t: Check = () => [];
const enum_t = (...allowed: readonly number[]): Check =>
  holds(`one of ${allowed.join(', ')}`, (value) => allowed.includes(value as number));
const list =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value)
      ? value.flatMap((item, index) => check(item).map((fault) => `[${index}] ${fault}`))
      : ['is no list'];

interface Shape {
  readonly required?: readonly string[];
  readonly atLeastOne?: readonly string[];
  readonly attributes: Readonly<Record<string, Check>>;
}

const object =
  ({ required = [], atLeastOne = [], attributes }: Shape): Check =>
  (value) => {
    if (!isObject(value)) return ['is no object'];
    const faults = required
      .filter((name) => !Object.hasOwn(value, name))
      .map((name) => `.${name} is missing`);
    if (atLeastOne.length > 0 && !atLeastOne.some((name) => Object.hasOwn(value, name)))
      faults.push(` has none of ${atLeastOne.join(', ')}`);
    for (const [name, inner] of Object.entries(value)) {
      const check = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
      if (check === undefined) faults.push(`.${name} is no attribute`);
      else faults.push(...check(inner).map((fault) => `.${name} ${fault}`));
    }
    return faults;
  };

const account = object({ atLeastOne: ['name', 'uid'], attributes: { name: string_t, uid: string_t } });
const user = object({
  atLeastOne: ['account', 'name', 'uid'],
  attributes: { account, name: string_t, uid: string_t, email_addr: email_t },
});
const actor = object({ atLeastOne: ['user', 'process', 'session'], attributes: { user } });
const endpoint = object({
  atLeastOne: [
    'ip',
    'uid',
    'name',
    'hostname',
    'svc_name',
    'instance_uid',
    'interface_uid',
    'interface_name',
  ],
  attributes: {
    ip: ip_t,
    svc_name: string_t,
    location: object({
      attributes: { country: holds('country', (value) => /^[A-Z]{2}$/.test(String(value))) },
    }),
  },
});
const service = object({ atLeastOne: ['name', 'uid'], attributes: { name: string_t } });
const product = object({
  atLeastOne: ['name', 'uid'],
  required: ['vendor_name'],
  attributes: { name: string_t, vendor_name: string_t, version: string_t },
});
const entity = object({ attributes: { uid: string_t, name: string_t } });

const BASE: Shape = {
  required: [
    'activity_id',
    'category_uid',
    'class_uid',
    'metadata',
    'severity_id',
    'time',
    'type_uid',
    'cloud',
  ],
  attributes: {
    activity_id: integer_t,
    activity_name: holds('string_t', (value) => typeof value === 'string'),
    category_uid: integer_t,
    class_uid: integer_t,
    type_uid: integer_t,
    severity_id: enum_t(0, 1, 2, 3, 4, 5, 6, 99),
    severity: string_t,
    status_id: enum_t(0, 1, 2, 99),
    status: string_t,
    time: timestamp_t,
    start_time: timestamp_t,
    message: holds('string_t', (value) => typeof value === 'string'),
    metadata: object({
      required: ['product', 'version'],
      attributes: {
        product,
        version: holds('version', (value) => value === '1.5.0'),
        profiles: list(holds('profile', (value) => value === 'cloud')),
        uid: string_t,
        correlation_uid: string_t,
        event_code: holds('string_t', (value) => typeof value === 'string'),
        labels: list(string_t),
        log_name: string_t,
        log_provider: string_t,
        original_time: holds('string_t', (value) => typeof value === 'string'),
        logged_time: timestamp_t,
      },
    }),
    cloud: object({ required: ['provider'], attributes: { provider: string_t, account } }),
    raw_data: string_t,
    unmapped: holds('object', isObject),
    actor,
    src_endpoint: endpoint,
    api: object({
      required: ['operation'],
      attributes: { operation: holds('string_t', (value) => typeof value === 'string'), service },
    }),
  },
};

interface ClassRules extends Shape {
  readonly category: number;
  readonly activities: readonly number[];
}

const CLASSES: Readonly<Record<number, ClassRules>> = {
  3001: {
    category: 3,
    activities: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 99],
    required: ['user'],
    attributes: { user },
  },
  3002: {
    category: 3,
    activities: [0, 1, 2, 3, 4, 5, 99],
    required: ['user'],
    atLeastOne: ['service', 'dst_endpoint'],
    attributes: { user, service, is_remote: boolean_t },
  },
  6003: {
    category: 6,
    activities: [0, 1, 2, 3, 4, 99],
    required: ['actor', 'api', 'src_endpoint'],
    attributes: { resources: list(object({ attributes: { type: string_t, uid: string_t } })) },
  },
  2004: {
    category: 2,
    activities: [0, 1, 2, 3, 99],
    required: ['finding_info'],
    attributes: {
      status_id: enum_t(0, 1, 2, 3, 4, 5, 6, 99),
      is_alert: boolean_t,
      finding_info: object({
        required: ['uid', 'title'],
        attributes: {
          uid: string_t,
          title: string_t,
          desc: holds('string_t', (value) => typeof value === 'string'),
          types: list(string_t),
          created_time: timestamp_t,
          first_seen_time: timestamp_t,
          src_url: url_t,
          data_sources: list(string_t),
          analytic: object({
            required: ['type_id'],
            attributes: {
              uid: string_t,
              name: holds('string_t', (value) => typeof value === 'string'),
              type_id: enum_t(0, 1, 2, 3, 4, 99),
              type: string_t,
            },
          }),
          attacks: list(
            object({
              atLeastOne: ['tactic', 'technique', 'sub_technique'],
              attributes: { tactic: entity, technique: entity, sub_technique: entity },
            }),
          ),
          related_events: list(object({ required: ['uid'], attributes: { uid: string_t } })),
        },
      }),
      evidences: list(
        object({
          atLeastOne: ['actor', 'api', 'data', 'src_endpoint'],
          attributes: { actor, src_endpoint: endpoint, data: json_t },
        }),
      ),
    },
  },
};

/** What in a document is not as the schema has it. */
export const ocsfFaults = (document: Object_): readonly string[] => {
  const { class_uid: classUid, activity_id: activityId } = document as {
    class_uid: number;
    activity_id: number;
  };
  const rules = CLASSES[classUid];
  if (rules === undefined) return [`class_uid ${classUid} is none of ours`];
  const faults = [
    ...object({
      required: [...(BASE.required ?? []), ...(rules.required ?? [])],
      atLeastOne: rules.atLeastOne ?? [],
      attributes: { ...BASE.attributes, ...rules.attributes },
    })(document),
  ];
  if (document['category_uid'] !== rules.category) faults.push('category_uid is not that of the class');
  if (document['type_uid'] !== classUid * 100 + activityId)
    faults.push('type_uid is not class_uid * 100 + activity_id');
  if (!rules.activities.includes(activityId)) faults.push(`activity_id ${activityId} is none of the class`);
  if (activityId === 99 && document['activity_name'] === undefined) faults.push('activity 99 has no name');
  return faults;
};
