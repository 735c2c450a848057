import type { NewRule } from './rule-template.ts';

/**
 * A valid rule over all accounts with the detection that feeds it, whose id (a UUID) is given as well; with tests that pass, and
 * comments that say what else there is.
 */
export const fleetRuleTemplate = (
  { title, id, level, eventType, nowMs }: NewRule,
  detectionId: string,
): string => {
  const date = new Date(nowMs).toISOString().slice(0, 10);
  const event = (account: string, at: string): string =>
    `              - {event_type: ${eventType}, account: ${account}, user_email: anna@example.com${at}}`;
  // A JSON string is a YAML string, whatever is in it.
  return `# What is counted: a detection, which only feeds the correlation below it and sends nothing itself.
title: ${JSON.stringify(`${title.slice(0, 240)} (one event)`)}
id: ${detectionId}
status: experimental
description: Feeds the rule below it in this file.
date: ${date}
logsource:
    product: vonage
    service: audit
detection:
    selection:
        event_type: ${eventType}
    # What is expected in many accounts. Without such cases, remove this and the second half of the condition.
    filter_main_expected:
        user_email: automation@example.com
    condition: selection and not 1 of filter_main_*
level: informational
---
title: ${JSON.stringify(title)}
id: ${id}
status: experimental
description: >-
    Detects … Say what happened, why it matters, and what the reader should do first.
references: []                  # links that every alert shows: a runbook, a page of the vendor
date: ${date}
tags: []                        # such as attack.persistence, attack.t1098.001
correlation:
    type: value_count           # so many different values of one field
    rules:
        - ${detectionId}
    group-by:                   # what must be the same: a user, an address
        - user_email
    timespan: 1h
    condition:
        field: account          # the name of the account in the configuration
        gte: 3
fields:                         # what alerts show, in this order
    - user_email
    - source_ip
    - source_country
falsepositives:
    - A planned change of many accounts
level: ${level}                 # informational, low, medium, high or critical; routes decide by it
monitor:
    scope: fleet                # the events of all accounts together
    # {accounts} are those of the events, {sentence} says in words what the last one tells; any {field} of it works.
    message: '{user_email} in {count} accounts ({accounts}) within an hour. The last: {sentence}'
    suppress: {by: [user_email], for: 1h}
    shadow: false               # true: record and count, but send nothing; good for the first days
    # Run by "rules test". "at: 10m" on an event moves the clock on from the start.
    tests:
        - name: three accounts within an hour
          events:
${event('a', '')}
${event('b', ', at: 10m')}
${event('c', ', at: 20m')}
          expect: 1
        - name: one account, three times
          events:
${event('a', '')}
${event('a', ', at: 10m')}
${event('a', ', at: 20m')}
          expect: 0
`;
};
