import { EVENT_FIELDS } from '../core/event.ts';
import { ACCOUNT_FIELD } from './account-field.ts';
import type { Document } from './document.ts';
import { type Expression, type Item, itemsOf } from './item.ts';
import type { Modifiers } from './modifiers.ts';
import type { Scalar } from './node.ts';
import { didYouMean, type Reporter, shown } from './problem.ts';
import { isLiteral, literalText, ONE, type Pattern } from './text-pattern.ts';

/*
 * What is legal but probably not meant. A warning says what the rule really does and how to write what was meant.
 */

/** Event types named in public documents of the API; they contradict each other, so an unknown one is only a warning. */
export const KNOWN_EVENT_TYPES: readonly string[] = (
  'USER_STATUS USER_UPDATE USER_BILLING_UPDATE USER_CREATE USER_LOGIN USER_LOGOUT USER_PRODUCT_SEARCH ' +
  'USER_API_KEYS_UPDATE ACCOUNT_SECRET_CREATE ACCOUNT_SECRET_DELETE ACCOUNT_UPDATE_SPAMMER ' +
  'ACCOUNT_UPDATE_SETTINGS ACCOUNT_UPDATE_SETTINGS_API NUMBER_ASSIGN NUMBER_UPDATED NUMBER_RELEASE ' +
  'NUMBER_USER_CANCELED NUMBER_LINKED NUMBER_UNLINKED APP_CREATE APP_UPDATE APP_DELETE APP_DISABLE APP_ENABLE ' +
  'IP_WHITELIST_CREATE IP_WHITELIST_DELETE AUTORELOAD_ENABLE AUTORELOAD_UPDATE AUTORELOAD_DISABLE'
).split(' ');

// `_links` is the address of the event itself.
const KNOWN_FIELDS: readonly string[] = [...EVENT_FIELDS, '_links'];

// Fields whose texts people type, in any case.
const TYPED_BY_PEOPLE =
  /(?:^|[._-])(?:user_?)?(?:e?mail|name|url|uri|domain|host|https?|answer|callback)(?:[._-]|$)/i;

/** What the linter knows of the events. */
export interface LintContext {
  /** Types the API knows; the published ones when there is no live list. */
  readonly eventTypes: readonly string[];
  /** Names and ids of rules that correlations over all accounts refer to. */
  readonly fleetParts: ReadonlySet<string>;
}

/** Warnings about one value as it stands in the file. */
export const lintValue = (
  scalar: Scalar,
  field: string,
  modifiers: Modifiers,
  pattern: Pattern | undefined,
  reporter: Reporter,
): void => {
  if (!scalar.quoted && /^\+?\d{10,}$/.test(scalar.text))
    reporter.warn(
      scalar.at,
      `${scalar.text} is not in quotes; other tools read it as a number`,
      `write '${scalar.text}'`,
    );
  if (pattern?.includes(ONE) && /:\/\/|^www\.|^\+?[\d ()-]*\?[\d ()-]*$/.test(scalar.text))
    reporter.warn(
      scalar.at,
      `"?" in ${shown(scalar.text)} stands for any one character`,
      'write "\\?" if the question mark itself is meant',
    );
  const letters = /[a-z]/i.test(scalar.text.replace(/\\[a-z]|\[[^\]]*\]|\(\?[^)]*/gi, ''));
  const blind = modifiers.flags.includes('i') || modifiers.cased || /\(\?[a-z]*i/.test(scalar.text);
  if (modifiers.kind === 're' && letters && !blind && TYPED_BY_PEOPLE.test(field))
    reporter.warn(
      scalar.at,
      `the expression on field ${shown(field)} minds case, which people write as they like`,
      'write "re|i", or "re|cased" if it is meant',
    );
};

// Whether an event must have something for the expression to hold.
const asksForSomething = (expression: Expression): boolean => {
  switch (expression.op) {
    case 'item':
      return !expression.item.negated;
    case 'selection':
      return asksForSomething(expression.item);
    case 'and':
      return expression.items.some(asksForSomething);
    case 'or':
      return expression.items.every(asksForSomething);
    case 'not':
      break;
  }
  return false;
};

const hasNot = (expression: Expression): boolean => {
  switch (expression.op) {
    case 'item':
      return expression.item.negated;
    case 'selection':
      return hasNot(expression.item);
    case 'not':
      return true;
    case 'and':
    case 'or':
      break;
  }
  return expression.items.some(hasNot);
};

const lintField = (name: string, at: number, ours: readonly string[], reporter: Reporter): void => {
  const top = name.split('.')[0] as string;
  if (KNOWN_FIELDS.includes(top) || ours.includes(name)) return;
  reporter.warn(at, `no known Vonage event has a field ${shown(name)}`, didYouMean(top, KNOWN_FIELDS));
};

const lintEventTypes = (item: Item, { eventTypes }: LintContext, reporter: Reporter): void => {
  const known = new Set(eventTypes.map((type) => type.toLowerCase()));
  for (const { text, alternatives } of item.values) {
    const [test] = alternatives;
    if (test?.type !== 'text' || !isLiteral(test.pattern)) continue;
    if (!known.has(literalText(test.pattern).toLowerCase()))
      reporter.warn(item.at, `unknown event type ${shown(text)}`, didYouMean(text, eventTypes));
  }
};

/** Warnings about a whole document that has no problem. `vonage` says that its events are the ones we know. */
export const lintDocument = (document: Document, vonage: boolean, context: LintContext): void => {
  const { header } = document;
  const { reporter, info } = header;
  if (header.fields.has('id') && !/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(info.id))
    reporter.warn(header.fields.at('id'), `the id ${shown(info.id)} is no UUID, which other tools ask for`);
  if (document.kind !== 'detection' && document.kind !== 'filter') return;
  const { detection } = document;
  if (!detection) return;
  const { expression } = detection;
  for (const { name, at } of detection.unused)
    if (!name.startsWith('_'))
      reporter.warn(at, `the search identifier ${shown(name)} is not in the condition`);
  if (document.kind === 'filter') {
    if (!hasNot(expression))
      reporter.warn(
        detection.conditionAt,
        'the condition of this filter has no "not", so rules keep only what it names',
        `write "not (${detection.condition})" to leave it out`,
      );
  } else if (!asksForSomething(expression)) {
    reporter.warn(
      detection.conditionAt,
      'the condition only says "not", so it holds for every event that lacks the field',
      'name what is looked for, such as event_type',
    );
  }
  if (!vonage) return;
  const names = document.kind === 'filter' ? document.rules : [info.id, header.name];
  const isSeenByFleet = names !== 'any' && names.some((name) => name && context.fleetParts.has(name));
  const ours = isSeenByFleet ? [ACCOUNT_FIELD] : [];
  // A selection may be named many times in one condition; it is looked at once.
  for (const item of new Set(itemsOf(expression))) {
    if (item.field === undefined) continue;
    lintField(item.field, item.at, ours, reporter);
    if (item.field === 'event_type' && !item.part) lintEventTypes(item, context, reporter);
  }
  for (const name of info.fields) lintField(name, header.fields.at('fields'), ours, reporter);
};
