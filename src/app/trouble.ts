import type { DecidedAlert } from '../core/alert.ts';
import type { Log } from '../core/log.ts';
import type { ConditionChange, ConditionName, Conditions, Trouble } from '../core/ports.ts';
import type { Telemetry } from '../core/telemetry.ts';

/** What turns a condition into the alert that tells of it. */
export type ConditionAlert = (
  condition: ConditionName,
  subject: string,
  detail: string,
  open: boolean,
  sinceMs: number,
) => DecidedAlert;

/** What {@link createTrouble} works with. */
export interface TroubleOptions {
  readonly conditions: Conditions;
  /** Keys open at start, from the store. */
  readonly open: Iterable<string>;
  readonly alert: ConditionAlert;
  readonly log: Log;
  readonly telemetry: Telemetry;
  /** Told after a change: alerts wait in the outbox. */
  readonly onChange: () => void;
}

/** {@link Trouble} over the stored conditions, with a copy of the open ones in memory: the usual "no change" is free. */
export const createTrouble = (
  options: TroubleOptions,
): Trouble & { change(open: boolean, key: string): ConditionChange } => {
  const open = new Set(options.open);
  const details = new Map<string, string>();

  const changeOf = (isOpen: boolean, key: string): ConditionChange => {
    const [condition, subject] = split(key);
    return {
      key,
      open: isOpen,
      alert: (sinceMs) => options.alert(condition, subject, details.get(key) ?? '', isOpen, sinceMs),
    };
  };
  const apply = async (isOpen: boolean, key: string): Promise<void> => {
    if (open.has(key) === isOpen) return;
    const changed = await options.conditions.change([changeOf(isOpen, key)]);
    if (isOpen) open.add(key);
    else open.delete(key);
    if (changed.length === 0) return;
    const [condition, subject] = split(key);
    const count = [...open].filter((other) => split(other)[0] === condition).length;
    options.telemetry.gauge('conditions_open', count, { condition });
    const fields = { condition, subject, detail: details.get(key) };
    if (isOpen) options.log.error('condition.opened', fields);
    else options.log.info('condition.closed', fields);
    options.onChange();
  };
  return {
    async raise(condition, subject, detail) {
      const key = `${condition}:${subject}`;
      details.set(key, detail);
      await apply(true, key);
    },
    clear: (condition, subject) => apply(false, `${condition}:${subject}`),
    change: changeOf,
  };
};

const split = (key: string): [ConditionName, string] => {
  const colon = key.indexOf(':');
  return [key.slice(0, colon) as ConditionName, key.slice(colon + 1)];
};
