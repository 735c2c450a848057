import type { Linked } from './link.ts';

/** Where a rule keeps what it remembers: the key of a table, whose records are at `<key>/<number>`. */
export const stateKey = (kind: 'correlation' | 'first-seen' | 'changed', ruleId: string): string =>
  `${kind}/${ruleId}`;

const tableOf = (key: string): string => key.replace(/\/\d+$/, '');

/** Whether a key of the state belongs to one of these rules. */
export const createOwnership = ({ detections, correlations }: Linked): ((key: string) => boolean) => {
  const owned = new Set<string>();
  for (const { header } of detections) {
    if (header.monitor.changed) owned.add(stateKey('changed', header.info.id));
    if (header.monitor.firstSeen) owned.add(stateKey('first-seen', header.info.id));
  }
  for (const { spec } of correlations) owned.add(stateKey('correlation', spec.header.info.id));
  // The id of a rule may itself end with a number.
  return (key) => owned.has(key) || owned.has(tableOf(key));
};
