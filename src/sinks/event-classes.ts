/** Classes of the Open Cybersecurity Schema Framework that events are put into: `class_uid`. */
export const OCSF = { accountChange: 3001, authentication: 3002, apiActivity: 6003, detectionFinding: 2004 };

/** How an event type is called in the two public vocabularies. */
export interface EventClass {
  readonly ecs: { readonly category: readonly string[]; readonly type: readonly string[] };
  readonly ocsf: { readonly classUid: number; readonly activityId: number };
}

const entry = (
  category: readonly string[],
  type: readonly string[],
  classUid: number,
  activityId: number,
): EventClass => ({ ecs: { category, type }, ocsf: { classUid, activityId } });

const created = entry(['configuration'], ['creation'], OCSF.apiActivity, 1);
const read = entry(['api'], ['access'], OCSF.apiActivity, 2);
const changed = entry(['configuration'], ['change'], OCSF.apiActivity, 3);
const deleted = entry(['configuration'], ['deletion'], OCSF.apiActivity, 4);
/** OCSF knows no "changed" of an account: 99 is "other", and `activity_name` says what. */
const userChanged = entry(['iam'], ['user', 'change'], OCSF.accountChange, 99);

const CLASSES = new Map<string, EventClass>(
  Object.entries({
    USER_LOGIN: entry(['authentication', 'session'], ['start'], OCSF.authentication, 1),
    USER_LOGOUT: entry(['authentication', 'session'], ['end'], OCSF.authentication, 2),
    USER_CREATE: entry(['iam'], ['user', 'creation'], OCSF.accountChange, 1),
    USER_UPDATE: userChanged,
    USER_STATUS: userChanged,
    USER_API_KEYS_UPDATE: userChanged,
    USER_BILLING_UPDATE: changed,
    USER_PRODUCT_SEARCH: read,
    ACCOUNT_SECRET_CREATE: entry(['iam'], ['admin', 'creation'], OCSF.apiActivity, 1),
    ACCOUNT_SECRET_DELETE: entry(['iam'], ['admin', 'deletion'], OCSF.apiActivity, 4),
    ACCOUNT_UPDATE_SPAMMER: changed,
    ACCOUNT_UPDATE_SETTINGS: changed,
    ACCOUNT_UPDATE_SETTINGS_API: changed,
    IP_WHITELIST_CREATE: created,
    IP_WHITELIST_DELETE: deleted,
    AUTORELOAD_ENABLE: changed,
    AUTORELOAD_UPDATE: changed,
    AUTORELOAD_DISABLE: changed,
    NUMBER_ASSIGN: created,
    NUMBER_UPDATED: changed,
    NUMBER_RELEASE: deleted,
    NUMBER_USER_CANCELED: deleted,
    NUMBER_LINKED: changed,
    NUMBER_UNLINKED: changed,
    APP_CREATE: created,
    APP_UPDATE: changed,
    APP_DELETE: deleted,
    APP_DISABLE: changed,
    APP_ENABLE: changed,
  }),
);

/** A type nobody has published: something happened through the API, and its name is all that is said of it. */
const UNKNOWN = entry(['api'], ['info'], OCSF.apiActivity, 99);

/** Whether a type has a place of its own in the table. */
export const isClassified = (eventType: string): boolean => CLASSES.has(eventType);

/** The place of an event type in the public vocabularies. */
export const eventClass = (eventType: string): EventClass => CLASSES.get(eventType) ?? UNKNOWN;

const SUSPENDED = /^(suspend(ed)?|disabled?|inactive|blocked|locked|deactivated)$/i;
const ACTIVE = /^(active|activated|enabled?|unlocked)$/i;

/** `activity_id` of Account Change for a new status of a user: 5 disabled, 2 enabled, 99 other. */
export const statusActivity = (status: string | undefined): number => {
  if (status !== undefined && SUSPENDED.test(status)) return 5;
  return status !== undefined && ACTIVE.test(status) ? 2 : 99;
};
