import { stableId } from '../base/hash.ts';
import type { AuditPage } from '../core/audit-reader.ts';
import type { AuditEvent, QuarantinedEvent } from '../core/event.ts';

/** Everything distinct that some pages held, whether inside the window or in its margin. */
export interface Findings {
  readonly events: Map<string, AuditEvent>;
  readonly quarantined: Map<string, QuarantinedEvent>;
  size(): number;
  /** Length of the JSON of the events. */
  chars(): number;
  /** Adds a page; true when it brought anything new. */
  add(page: AuditPage): boolean;
  merge(other: Findings): void;
}

/** Makes empty {@link Findings}. */
export const createFindings = (): Findings => {
  const events = new Map<string, AuditEvent>();
  const quarantined = new Map<string, QuarantinedEvent>();
  const size = (): number => events.size + quarantined.size;
  let chars = 0;
  return {
    events,
    quarantined,
    size,
    chars: () => chars,
    add(page) {
      const before = size();
      for (const event of page.events) {
        const known = events.get(event.id);
        if (known === undefined) {
          events.set(event.id, event);
          chars += event.json.length;
        } else if (known.json !== event.json) conflict(quarantined, event);
      }
      for (const element of page.quarantined) quarantined.set(element.key, element);
      return size() > before;
    },
    merge(other) {
      for (const [id, event] of other.events) if (!events.has(id)) events.set(id, event);
      for (const [key, element] of other.quarantined) quarantined.set(key, element);
    },
  };
};

/** Two elements of one answer with one id and different content: the first is kept, the other is not lost. */
const conflict = (quarantined: Map<string, QuarantinedEvent>, event: AuditEvent): void => {
  const key = stableId('conflict', event.id, event.json);
  quarantined.set(key, {
    account: event.account,
    key,
    json: event.json,
    reason: `id ${event.id} stands twice in one reading with different content; the first one is kept as the event`,
  });
};
