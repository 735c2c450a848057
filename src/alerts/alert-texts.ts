import type { Alert } from '../core/alert.ts';
import type { TextsOf } from '../core/matcher.ts';
import { fieldValues, scalarText } from './event-field.ts';

/** What routes and silences see of an alert: all its texts under a key (see ROUTE_KEYS). */
export const alertTexts =
  (alert: Alert): TextsOf =>
  (key) => {
    switch (key) {
      case 'level':
        return [alert.rule.level];
      case 'kind':
        return [alert.kind];
      case 'status':
        return [alert.status];
      case 'account':
        return [alert.account];
      case 'rule':
        return [alert.rule.id, alert.rule.title];
      case 'tag':
        return alert.rule.tags;
      case 'event_type':
        return alert.eventTypes;
      default:
        return alert.events
          .flatMap((event) => fieldValues(event, key))
          .map(scalarText)
          .filter((text) => text !== undefined);
    }
  };
