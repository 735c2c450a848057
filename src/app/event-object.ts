import { contextLeaves } from '../alerts/context-leaves.ts';
import { fieldText } from '../alerts/event-field.ts';
import type { JsonObject } from '../base/json.ts';

/** What an event is about, so that others about the same can be found. */
export interface EventObject {
  /** Whether an event of this type can be about it. */
  isAbout(eventType: string): boolean;
  /** The object in other fields; the same text: the same object. */
  read(fields: JsonObject): string | undefined;
  readonly id: string;
}

/** Kinds of objects: the types that are about one, and the names that its identity has in their context. */
const KINDS: readonly (readonly [types: RegExp, names: readonly string[]])[] = [
  [/^(CANCEL_)?NUMBERS?_|_NUMBERS?$/i, ['msisdn', 'number']],
  [/^APP(LICATION)?_/i, ['appId', 'applicationId', 'app_id', 'application_id', 'id']],
  [/^ACCOUNT_SECRET/i, ['secret_id', 'secret.id', 'id']],
  [/^IP_WHITELIST/i, ['ip', 'ip_address', 'address', 'cidr', 'range']],
  [/^USER_/i, ['user_id', 'id', 'user_email', 'email', 'username']],
];

/** What the event is about: a number, an application, a secret, a user; else, whoever did this kind of thing. */
export const objectOf = (fields: JsonObject, eventType: string): EventObject | undefined => {
  const kind = KINDS.find(([types]) => types.test(eventType));
  if (kind) {
    const [types, names] = kind;
    const read = (of: JsonObject): string | undefined => contextLeaves(of).take(...names);
    const id = read(fields);
    if (id !== undefined) return { isAbout: (type) => types.test(type), read, id };
  }
  const read = (of: JsonObject): string | undefined =>
    fieldText(of, 'user_id') || fieldText(of, 'user_email') || undefined;
  const id = read(fields);
  return id === undefined ? undefined : { isAbout: (type) => type === eventType, read, id };
};
