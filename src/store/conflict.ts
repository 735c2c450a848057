import { stableId } from '../base/hash.ts';
import type { AuditEvent, QuarantinedEvent } from '../core/event.ts';
import { contentOf, differingMembers } from './same-content.ts';

/**
 * What to quarantine when an event comes again under a known id: nothing when it says the same, links aside; else the
 * new text. Its key is a hash of the content, so that each contradiction is found once however often it is read. The
 * reason names members but no values, since it is logged.
 */
export const conflictWith = (stored: string, event: AuditEvent): QuarantinedEvent | undefined => {
  const content = contentOf(event.json);
  if (contentOf(stored) === content) return undefined;
  const members = differingMembers(stored, event.json);
  const where = members.length > 0 ? ` (different: ${members.join(', ')})` : '';
  return {
    account: event.account,
    key: stableId('conflict', event.id, content),
    json: event.json,
    reason: `event ${event.id} is already stored with other content${where}; both are kept, the first one counts`,
  };
};
