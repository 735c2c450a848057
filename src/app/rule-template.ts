import type { Level } from '../core/alert.ts';

/** What a new rule says. */
export interface NewRule {
  readonly title: string;
  /** A UUID. */
  readonly id: string;
  readonly level: Level;
  /** The event type that it looks for. */
  readonly eventType: string;
  readonly nowMs: number;
}

const OTHER_TYPES = ['APP_DELETE', 'APP_CREATE'] as const;

/** A file name for a title: `vonage_audit_many_numbers_released.yml`; `fallback` stands in when no letter is left. */
export const ruleFileName = (title: string, fallback: string): string => {
  const words = title
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .match(/[a-z0-9]+/g);
  return `vonage_audit_${(words ?? [fallback]).join('_').slice(0, 60).replace(/_+$/, '')}.yml`;
};

/** A valid rule with tests that pass, and comments that say what else there is. */
export const ruleTemplate = ({ title, id, level, eventType, nowMs }: NewRule): string => {
  const other = OTHER_TYPES.find((type) => type !== eventType.toUpperCase());
  // A JSON string is a YAML string, whatever is in it.
  return `title: ${JSON.stringify(title)}
id: ${id}
status: experimental            # stable and test rules run alike; deprecated and unsupported ones are not loaded
description: >-
    Detects … Say what happened, why it matters, and what the reader should do first.
references: []                  # links that every alert shows: a runbook, a page of the vendor
date: ${new Date(nowMs).toISOString().slice(0, 10)}
tags: []                        # such as attack.persistence, attack.t1098.001
logsource:
    product: vonage
    service: audit
detection:
    # Everything in one selection must hold; a list holds when any of its values does. Fields inside objects
    # have dots (context.msisdn). Modifiers: |contains |startswith |endswith |re |cidr |exists |gt and more.
    selection:
        event_type: ${eventType}
    # What is expected and needs no alert. Without such cases, remove this and the second half of the condition.
    filter_main_expected:
        user_email: automation@example.com
    condition: selection and not 1 of filter_main_*
fields:                         # what alerts show, in this order
    - user_email
    - source_ip
    - source_country
falsepositives:
    - Planned work of somebody here
level: ${level}                 # informational, low, medium, high or critical; routes decide by it
monitor:
    # The sentence a woken person reads first. {sentence} says in words what the event tells; any {field} works.
    message: '{sentence}'
    # Further keys: to, suppress, changed, first_seen, inside, outside, unsilenceable, shadow.
    shadow: false               # true: record and count, but send nothing; good for the first days
    # Run by "rules test". "at: 10m" on an event moves the clock on from the start.
    tests:
        - name: the event it is about
          events: [{event_type: ${eventType}, user_email: anna@example.com}]
          expect: 1
        - name: expected
          events: [{event_type: ${eventType}, user_email: automation@example.com}]
          expect: 0
        - name: another type
          events: [{event_type: ${other}, user_email: anna@example.com}]
          expect: 0
`;
};
