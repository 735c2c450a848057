import { isObject, type Json, type JsonObject, own } from '../base/json.ts';
import type { AlertField } from '../core/alert.ts';
import { scalarText } from './event-field.ts';
import { visibleText } from './visible-text.ts';

/**
 * Reads the `context` of an event. Its shape depends on the event type and is documented for three types only, so a
 * fact is looked for under the names it is known by, at any depth, nearest to the top first.
 */
export interface ContextLeaves {
  /**
   * The first of `names` that the context has, as text. Names are compared without case, `-` and `_` (`voice-type`,
   * `voiceType`); a name with a dot must match the end of the path (`answer_url.url`). What was taken is not in `rest`.
   * What the context says of the time before (`old.status`, `previous_status`) is left to {@link takeOld}.
   */
  take(...names: readonly string[]): string | undefined;
  /** As {@link take}, of the values before: `status` finds `old.status`, `before.user.status` and `old_status`. */
  takeOld(...names: readonly string[]): string | undefined;
  /** What nobody took and `shown` does not say already, at most `limit`; values that may be secrets are hidden. */
  rest(limit: number, shown: readonly AlertField[]): readonly AlertField[];
}

interface Leaf {
  readonly path: readonly string[];
  /** The path as names are compared, with a dot in front: `.created.answerurl.url`. */
  readonly plain: string;
  readonly text: string;
  /** Whether it is of the time before. */
  readonly old: boolean;
  taken: boolean;
}

const MAX_LEAVES = 200;
const MAX_DEPTH = 8;

const plainName = (name: string): string => name.toLowerCase().replaceAll(/[-_\s]/g, '');

/* Names for the state before a change, as objects (`old: {…}`) and as beginnings (`old_status`). */
const OLD_OBJECT = /^(old|previous|prev|before|original|was)(values?|state)?$/;
const OLD_PREFIX = /^(old|previous|prev|before|original)(?=.)/;

const isOld = (path: readonly string[]): boolean => {
  const plain = path.map(plainName);
  return plain.slice(0, -1).some((name) => OLD_OBJECT.test(name)) || OLD_PREFIX.test(plain.at(-1) ?? '');
};

/** `.old.status` and `.oldstatus` as `.status`. */
const withoutOld = (plain: string): string =>
  plain.replace(/\.(?:old|previous|prev|before|original)(?=[^.]+$)/, '.');

const wantedName = (name: string): string => name.split('.').map(plainName).join('.');

// The trail should hold no secret, but an alert travels to chat rooms and mailboxes: what is named like one is never
// shown. An id of a secret is no secret and is what the reader needs.
const SECRET = /secret|password|passwd|token|credential|privatekey|signature/;
const mayBeSecret = (leaf: Leaf): boolean => SECRET.test(leaf.plain) && !/id$|at$|date$/.test(leaf.plain);

const readLeaves = (context: JsonObject): Leaf[] => {
  const leaves: Leaf[] = [];
  let level: { readonly path: readonly string[]; readonly value: Json }[] = [{ path: [], value: context }];
  for (let depth = 0; depth <= MAX_DEPTH && level.length > 0; depth++) {
    const below: typeof level = [];
    for (const { path, value } of level) {
      if (leaves.length >= MAX_LEAVES) return leaves;
      if (isObject(value)) {
        for (const key of Object.keys(value))
          below.push({ path: [...path, key], value: own(value, key) ?? null });
      } else if (Array.isArray(value) && value.some((element) => typeof element === 'object')) {
        value.forEach((element, index) => below.push({ path: [...path, String(index)], value: element }));
      } else {
        const values = Array.isArray(value) ? value : [value];
        const text = values
          .map(scalarText)
          .filter((part) => part !== undefined && part !== '')
          .join(', ');
        if (text !== '')
          leaves.push({
            path,
            plain: `.${path.map(plainName).join('.')}`,
            text: visibleText(text),
            old: isOld(path),
            taken: false,
          });
      }
    }
    level = below.slice(0, MAX_LEAVES);
  }
  return leaves;
};

/** Makes {@link ContextLeaves} of an event; an event without a context has no leaves. */
export const contextLeaves = (event: JsonObject): ContextLeaves => {
  const context = own(event, 'context');
  const leaves = isObject(context) ? readLeaves(context) : [];
  const first = (
    names: readonly string[],
    fits: (leaf: Leaf, wanted: string) => boolean,
  ): string | undefined => {
    for (const name of names) {
      const leaf = leaves.find((candidate) => fits(candidate, wantedName(name)) && !mayBeSecret(candidate));
      if (leaf) {
        leaf.taken = true;
        return leaf.text;
      }
    }
    return undefined;
  };
  return {
    take: (...names) => first(names, (leaf, wanted) => !leaf.old && leaf.plain.endsWith(`.${wanted}`)),
    takeOld: (...names) =>
      first(names, (leaf, wanted) => leaf.old && withoutOld(leaf.plain).endsWith(`.${wanted}`)),
    rest(limit, already) {
      const said = new Set(already.map((field) => field.value));
      const left = leaves.filter((leaf) => !leaf.taken && (mayBeSecret(leaf) || !said.has(leaf.text)));
      const shown = left.slice(0, limit).map((leaf) => ({
        name: visibleText(leaf.path.join('.'), 80),
        value: mayBeSecret(leaf) ? '(hidden)' : leaf.text,
      }));
      const more = left.length - shown.length;
      return more > 0 ? [...shown, { name: 'More', value: `${more} more values in the event` }] : shown;
    },
  };
};
