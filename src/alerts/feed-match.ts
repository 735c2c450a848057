import type { JsonObject } from '../base/json.ts';
import { compileMatch, type Matchers, type TextsOf } from '../core/matcher.ts';
import { fieldValues, scalarText } from './event-field.ts';

/** An event, as far as a feed can ask about it. `fields` is called only when one of its fields is asked for. */
export interface AskedEvent {
  readonly account: string;
  readonly eventType: string;
  fields(): JsonObject;
}

const eventTexts =
  (event: AskedEvent): TextsOf =>
  (key) => {
    if (key === 'account') return [event.account];
    if (key === 'event_type') return [event.eventType];
    return fieldValues(event.fields(), key)
      .map(scalarText)
      .filter((text) => text !== undefined);
  };

/** Compiles the match of a feed: whether it takes an event, by the same matchers that routes have for alerts. */
export const compileFeedMatch = (match: Matchers | undefined): ((event: AskedEvent) => boolean) => {
  const takes = compileMatch(match);
  return (event) => takes(eventTexts(event));
};
