import type { JsonObject } from '../base/json.ts';
import type { Route } from '../core/route.ts';
import { fieldValues, scalarText } from './event-field.ts';

/** An event, as far as a feed can ask about it. `fields` is called only when one of its fields is asked for. */
export interface AskedEvent {
  readonly account: string;
  readonly eventType: string;
  fields(): JsonObject;
}

const textsOf = (event: AskedEvent, key: string): readonly string[] => {
  if (key === 'account') return [event.account];
  if (key === 'event_type') return [event.eventType];
  return fieldValues(event.fields(), key)
    .map(scalarText)
    .filter((text) => text !== undefined);
};

/** Whether all keys of a feed's match hold for an event, each by any of its values; texts without regard to case. */
export const takesEvent = (match: Route['match'], event: AskedEvent): boolean =>
  Object.entries(match ?? {}).every(([key, values]) => {
    const found = new Set(textsOf(event, key).map((text) => text.toLowerCase()));
    return values.some((value) => found.has(value.toLowerCase()));
  });
