/* Two JSON values as lines beside each other, with what differs marked. */

export type Mark = 'same' | 'changed' | 'added' | 'removed';

/** One line of both: a side is undefined where it has nothing. */
export interface DiffLine {
  readonly depth: number;
  readonly key: string | undefined;
  readonly before: string | undefined;
  readonly after: string | undefined;
  readonly mark: Mark;
}

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isBranch = (value: unknown): boolean => typeof value === 'object' && value !== null;

/** Arrays as objects by position. */
const entriesOf = (value: unknown): readonly (readonly [string, unknown])[] =>
  isFields(value)
    ? Object.entries(value)
    : Array.isArray(value)
      ? value.map((item, at) => [String(at), item as unknown] as const)
      : [];

const leafText = (value: unknown): string =>
  Array.isArray(value) && value.length === 0 ? '[]' : isBranch(value) ? '{}' : JSON.stringify(value);

const sameKind = (a: unknown, b: unknown): boolean =>
  (isFields(a) && isFields(b)) || (Array.isArray(a) && Array.isArray(b));

const isEmpty = (value: unknown): boolean => entriesOf(value).length === 0;

/** Lines of a value that only one side has. */
const oneSide = (
  key: string | undefined,
  value: unknown,
  depth: number,
  mark: Mark,
  lines: DiffLine[],
): void => {
  const put = (text: string, at = depth, name = key): void => {
    lines.push({
      depth: at,
      key: name,
      before: mark === 'added' ? undefined : text,
      after: mark === 'removed' ? undefined : text,
      mark,
    });
  };
  if (!isBranch(value) || isEmpty(value)) return put(leafText(value));
  put(Array.isArray(value) ? '[' : '{');
  for (const [name, inner] of entriesOf(value))
    oneSide(isFields(value) ? name : undefined, inner, depth + 1, mark, lines);
  put(Array.isArray(value) ? ']' : '}', depth, undefined);
};

const both = (
  key: string | undefined,
  before: unknown,
  after: unknown,
  depth: number,
  lines: DiffLine[],
): void => {
  if (sameKind(before, after) && !isEmpty(before) && !isEmpty(after)) {
    const open = Array.isArray(after) ? '[' : '{';
    const close = Array.isArray(after) ? ']' : '}';
    lines.push({ depth, key, before: open, after: open, mark: 'same' });
    const old = new Map(entriesOf(before));
    const now = new Map(entriesOf(after));
    // In the order of the newer one; what it no longer has comes where it stood.
    const names = [...now.keys()];
    let place = 0;
    for (const name of old.keys()) {
      const at = names.indexOf(name);
      if (at === -1) names.splice(place, 0, name);
      place = (at === -1 ? place : at) + 1;
    }
    for (const name of names) {
      const shown = Array.isArray(after) ? undefined : name;
      if (!old.has(name)) oneSide(shown, now.get(name), depth + 1, 'added', lines);
      else if (!now.has(name)) oneSide(shown, old.get(name), depth + 1, 'removed', lines);
      else both(shown, old.get(name), now.get(name), depth + 1, lines);
    }
    lines.push({ depth, key: undefined, before: close, after: close, mark: 'same' });
    return;
  }
  if (
    isBranch(before) !== isBranch(after) ||
    (isBranch(before) && !sameKind(before, after)) ||
    (isBranch(before) && isEmpty(before) !== isEmpty(after))
  ) {
    oneSide(key, before, depth, 'removed', lines);
    oneSide(key, after, depth, 'added', lines);
    return;
  }
  const [a, b] = [leafText(before), leafText(after)];
  lines.push({ depth, key, before: a, after: b, mark: a === b ? 'same' : 'changed' });
};

/** What is only in one of them, and what is in both with another value; the order of members does not count. */
export const diffJson = (before: unknown, after: unknown): readonly DiffLine[] => {
  const lines: DiffLine[] = [];
  both(undefined, before, after, 0, lines);
  return lines;
};

/** One value as lines. */
export const jsonLines = (value: unknown): readonly DiffLine[] => diffJson(value, value);
