import { stableId } from '../base/hash.ts';
import type { Alert } from '../core/alert.ts';
import type { DriftChange } from '../core/drift.ts';
import { runbook } from './system-alert.ts';
import { visibleText } from './visible-text.ts';

const MAX_NAME_SHOWN = 80;

const nameOf = ({ kind, gone }: DriftChange): string => {
  if (kind === 'type') return 'New event type';
  if (kind === 'field') return 'New field';
  if (kind === 'context') return 'New context member';
  return gone ? 'Event type no longer listed' : 'Event type newly listed';
};

const valueOf = ({ kind, name }: DriftChange): string => {
  if (kind !== 'context') return visibleText(name, MAX_NAME_SHOWN);
  const space = name.indexOf(' ');
  return `${visibleText(name.slice(space + 1), MAX_NAME_SHOWN)} (in ${visibleText(name.slice(0, space), MAX_NAME_SHOWN)})`;
};

/**
 * The alert about what the API gave for the first time, or gives no longer; undefined when nothing of it is to be told.
 * One for all of it: an API that changed must not page once for each field.
 */
export const driftAlert = (
  account: string,
  changes: readonly DriftChange[],
  nowMs: number,
): Alert | undefined => {
  const told = changes.filter((change) => change.told);
  if (told.length === 0) return undefined;
  const fields = told.map((change) => ({ name: nameOf(change), value: valueOf(change) }));
  const isGrave = told.some(({ kind, gone }) => kind === 'type' || gone);
  const shown = fields.slice(0, 3).map(({ name, value }) => `${name.toLowerCase()} ${value}`);
  const more = fields.length > shown.length ? ` and ${fields.length - shown.length} more` : '';
  const names = told.map(({ kind, name, gone }) => `${kind} ${gone} ${name}`).sort();
  return {
    id: stableId('system', 'drift', account, String(told[0]?.atMs), ...names),
    kind: 'system',
    status: 'firing',
    rule: {
      id: 'system.drift',
      title: 'The Audit API has changed',
      level: isGrave ? 'medium' : 'low',
      tags: [],
      references: [],
    },
    account,
    message: `The audit trail of account "${visibleText(account, 200)}" has a form that was never seen before: ${shown.join(', ')}${more}. Everything was stored and held against the rules. What to do: look whether a rule should know of it; a rule that waits for what is no longer given stays silent. Runbook: ${runbook('drift')}`,
    fields,
    events: [],
    eventIds: [],
    eventTypes: [],
    createdAtMs: nowMs,
    decidedAtMs: nowMs,
  };
};
