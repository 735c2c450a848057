import { isObject, type JsonObject, own } from '../base/json.ts';
import type { Clock } from '../core/clock.ts';

/** What a person watching the demo sees. */
export interface Screen {
  line(text?: string): void;
  /** A step of the attack, as the attacker would tell it. */
  step(note: string): void;
  webhook(body: unknown): void;
  mail(to: readonly string[], subject: string): void;
  /** A line from the monitor itself. */
  monitor(text: string): void;
}

const COLOURS: Readonly<Record<string, string>> = {
  critical: '1;37;41',
  high: '1;31',
  medium: '1;33',
  low: '36',
  informational: '2',
};

/**
 * Makes a screen that writes lines of text, with colour when asked for. `printable` shows control characters as what they
 * are: content of events may hold sequences that steer a terminal.
 */
export const createScreen = (options: {
  readonly write: (text: string) => void;
  readonly colour: boolean;
  readonly now: Clock;
  readonly printable: (text: string) => string;
}): Screen => {
  const { write, colour, now, printable } = options;
  const paint = (code: string, text: string): string => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const clock = (): string => paint('2', new Date(now()).toISOString().slice(11, 19));
  const say = (who: string, code: string, text: string): void =>
    write(`${clock()}  ${paint(code, who.padEnd(9))} ${text}\n`);
  return {
    line: (text = '') => write(`${text}\n`),
    step: (note) => say('ATTACKER', '1;35', printable(note)),
    monitor: (text) => say('monitor', '2', printable(text)),
    webhook(body) {
      const alert: JsonObject = isObject(body) ? body : {};
      const level = text(alert, 'level');
      const rule = own(alert, 'rule');
      const title = isObject(rule) ? text(rule, 'title') : '';
      say('webhook', '1;32', `${paint(COLOURS[level] ?? '0', level.toUpperCase())}  ${printable(title)}`);
      write(`${' '.repeat(20)}${printable(text(alert, 'message'))}\n`);
    },
    mail: (to, subject) => say('e-mail', '1;34', `to ${printable(to.join(', '))}: ${printable(subject)}`),
  };
};

const text = (object: JsonObject, key: string): string => {
  const value = own(object, key);
  return typeof value === 'string' ? value : '';
};
