import { isObject, type JsonObject } from '../base/json.ts';
import type { FedEvent } from '../core/delivery.ts';

/**
 * The fields of an event as JavaScript reads them; empty for a text that is no JSON object, which the store does not
 * hold. Integers beyond 2^53 lose digits here: the formats carry the text itself as well.
 */
export const fieldsOf = (event: FedEvent): JsonObject => {
  try {
    const value: unknown = JSON.parse(event.json);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
};
