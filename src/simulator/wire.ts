import type { JsonObject } from '../base/json.ts';

/** One event in the shape of the API's JSON (Audit API 1.0.4, schema AuditEvent). */
export interface WireEvent {
  readonly id: string;
  readonly event_type: string;
  readonly event_type_description: string;
  /** `2018-08-13T10:15:31`: whole seconds, no zone; UTC here. */
  readonly created_at: string;
  readonly account_id: string;
  readonly user_email?: string;
  readonly user_id?: number;
  /** `CD` or `DEVAPI` in the documents. */
  readonly source: string;
  readonly source_description: string;
  readonly source_ip?: string;
  readonly source_country?: string;
  readonly context: JsonObject;
  /** Written by the simulator when absent. */
  readonly _links?: { readonly self: { readonly href: string } };
}

/**
 * Every event type named in a public document, with its description. The published lists contradict each other (one
 * lacks NUMBER_RELEASE, another NUMBER_USER_CANCELED and ACCOUNT_UPDATE_SETTINGS); this is their union.
 */
export const EVENT_TYPES = {
  USER_STATUS: 'User status updated',
  USER_UPDATE: 'User updated',
  USER_BILLING_UPDATE: 'User billing updated',
  USER_CREATE: 'User created',
  USER_LOGIN: 'User login',
  USER_LOGOUT: 'User logout',
  USER_PRODUCT_SEARCH: 'Search of CDRs or logs in Dashboard',
  USER_API_KEYS_UPDATE: 'Sub-accounts for user updated',
  ACCOUNT_SECRET_CREATE: 'Secret created',
  ACCOUNT_SECRET_DELETE: 'Secret deleted',
  ACCOUNT_UPDATE_SPAMMER: 'Account spammer flag updated',
  ACCOUNT_UPDATE_SETTINGS: 'Account settings updated',
  ACCOUNT_UPDATE_SETTINGS_API: 'Account settings updated via API',
  NUMBER_ASSIGN: 'Number assigned',
  NUMBER_UPDATED: 'Number updated',
  NUMBER_RELEASE: 'Number released',
  NUMBER_USER_CANCELED: 'Number was canceled by the user',
  NUMBER_LINKED: 'Number linked to application',
  NUMBER_UNLINKED: 'Number unlinked from application',
  APP_CREATE: 'App created',
  APP_UPDATE: 'App updated',
  APP_DELETE: 'App deleted',
  APP_DISABLE: 'App disabled',
  APP_ENABLE: 'App enabled',
  IP_WHITELIST_CREATE: 'Whitelist IP added',
  IP_WHITELIST_DELETE: 'Whitelist IP deleted',
  AUTORELOAD_ENABLE: 'Automatic reload enabled',
  AUTORELOAD_UPDATE: 'Automatic reload settings updated',
  AUTORELOAD_DISABLE: 'Automatic reload disabled',
} as const satisfies Record<string, string>;

/** A type named in the documents. The API may send others. */
export type EventType = keyof typeof EVENT_TYPES;

/** Epoch ms as `created_at` writes it; fractions of a second are dropped. */
export const wireTime = (ms: number): string => new Date(ms).toISOString().slice(0, 19);

/** How a date in a query was written: `zoned` ends with `Z` or an offset, `plain` has neither. */
export type DateForm = 'zoned' | 'plain';

const ISO = /^(\d{4}-\d\d-\d\d)(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?)?$/;

/** JavaScript rolls 31 February over into March, so a day must survive the round trip. */
const isDay = (day: string): boolean => {
  const ms = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(day);
};

/** Reads an ISO 8601 date or date-time; without a zone it is UTC. Undefined when it is none (31 February too). */
export const parseWireTime = (text: string): { readonly ms: number; readonly form: DateForm } | undefined => {
  const match = ISO.exec(text);
  if (!match) return undefined;
  const [, day = '', zone] = match;
  const ms = Date.parse(text.length > 10 && zone === undefined ? `${text}Z` : text);
  if (Number.isNaN(ms) || (Number(day.slice(8)) > 28 && !isDay(day))) return undefined;
  return { ms, form: zone === undefined ? 'plain' : 'zoned' };
};
