import { stableId } from '../base/hash.ts';
import type { Alert } from '../core/alert.ts';
import type { AuditEvent, QuarantinedEvent } from '../core/event.ts';
import { describeEvent, meantType } from './describe-event.ts';
import { runbook } from './system-alert.ts';
import { visibleText } from './visible-text.ts';

/** How many quarantined events one alert names. */
const MAX_LISTED = 10;

/**
 * The alert about what one commit put into quarantine, or undefined when that was nothing. One alert for all of them,
 * however many: an API that changed its format must not page once per event.
 */
export const quarantineAlert = (
  account: string,
  quarantined: readonly QuarantinedEvent[],
  nowMs: number,
): Alert | undefined => {
  if (quarantined.length === 0) return undefined;
  const [count, it] =
    quarantined.length === 1 ? ['An element', 'it'] : [`${quarantined.length} elements`, 'them'];
  const kept = it === 'it' ? 'it is' : 'they are';
  const listed = quarantined.slice(0, MAX_LISTED);
  const more = quarantined.length - listed.length;
  return {
    id: stableId('system', 'quarantined', account, ...quarantined.map((item) => item.key).sort()),
    kind: 'system',
    status: 'firing',
    rule: {
      id: 'system.quarantined',
      title: 'An event could not be understood',
      level: 'medium',
      tags: [],
      references: [],
    },
    account,
    message: `${count} of the audit trail of account "${visibleText(account, 200)}" could not be understood and no rule has looked at ${it}. Everything else was read. What to do: Look at ${it} in the quarantine, where ${kept} kept word for word; if the API has a new format, the monitor needs an update. Runbook: ${runbook('quarantined')}`,
    fields: [
      ...listed.map((item) => ({
        name: `Quarantined ${visibleText(item.key, 12)}`,
        value: visibleText(item.reason, 300),
      })),
      ...(more > 0 ? [{ name: 'More', value: `${more} more in quarantine` }] : []),
    ],
    events: [],
    eventIds: [],
    eventTypes: [],
    createdAtMs: nowMs,
    decidedAtMs: nowMs,
  };
};

/** What it means for the monitor's own access to the account. */
const consequence = (eventType: string, account: string): string => {
  switch (eventType) {
    case 'ACCOUNT_SECRET_CREATE':
      return `The monitor reads account "${account}" with such a secret: whoever has the new one may use the same API key.`;
    case 'ACCOUNT_SECRET_DELETE':
      return `The monitor reads account "${account}" with such a secret: if this was its own, it sees nothing from now on.`;
    case 'IP_WHITELIST_CREATE':
      return `The monitor reads account "${account}" with an API key that can now be used from there as well.`;
    case 'IP_WHITELIST_DELETE':
      return `The monitor reads account "${account}" from an address that must be on this list: if it was its own, it sees nothing from now on.`;
    default:
      return `The monitor reads account "${account}" with an API key whose rights this may change: it may soon see nothing.`;
  }
};

const OWN_CREDENTIAL = /^(ACCOUNT_SECRET_|IP_WHITELIST_)|^USER_API_KEYS_UPDATE$/;

/** Whether an event touches what the monitor itself needs to see the account: secrets, key rights, the allow-list. */
const touchesOwnCredential = (eventType: string): boolean => OWN_CREDENTIAL.test(eventType);

/**
 * The alert about an event that touches the monitor's own access to an account it polls, or undefined for any other
 * event. It says in time what `blind` would say only once the access is gone, and does not depend on any rule.
 */
export const ownCredentialAlert = (event: AuditEvent, nowMs: number): Alert | undefined => {
  if (!touchesOwnCredential(event.eventType)) return undefined;
  const { sentence, fields, links } = describeEvent(event.fields, event.eventType);
  return {
    id: stableId('system', 'own_credential', event.account, event.id),
    kind: 'system',
    status: 'firing',
    rule: {
      id: 'system.own_credential',
      title: "The monitor's own access was touched",
      level: 'critical',
      tags: [],
      references: links.map((link) => link.url),
    },
    account: event.account,
    message: `${sentence}. ${consequence(meantType(event.fields, event.eventType), visibleText(event.account, 200))} What to do: Find out whether this was planned. If it was, see to it that the monitor's own secret and address stay valid; if not, treat the account as taken over. Runbook: ${runbook('own_credential')}`,
    fields,
    events: [event.fields],
    eventIds: [event.id],
    eventTypes: [event.eventType],
    createdAtMs: event.createdAtMs,
    decidedAtMs: nowMs,
  };
};
