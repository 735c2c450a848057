/** Keys and indexes that lead to a value, from the top of the file. */
export type Path = readonly (string | number)[];

/** Where a value stands in the file, and what stands there. */
export interface Place {
  /** Offset of the value. */
  readonly offset: number;
  /** Offset of its key, when it has one. */
  readonly keyOffset: number | undefined;
  /** A scalar's text as written (an unquoted `0123` is the number 123 but this text); undefined for the others. */
  readonly source: string | undefined;
  /** Whether the value came from outside the file, through `${NAME}`. It is then not shown in messages. */
  readonly referenced: boolean;
  /** The file that a `NAME_FILE` variable named for it, when it is exactly that file's content. */
  readonly secretFile: string | undefined;
  /** All files that `NAME_FILE` variables named for parts of it. */
  readonly files: readonly string[];
  /** Already reported: problems with its value would only be consequences. */
  readonly bad: boolean;
}

/** A parsed file: plain values, and the places they stand at. */
export interface Tree {
  readonly root: unknown;
  place(path: Path): Place | undefined;
}

/** A path for people: `sinks.slack.url`, `accounts[0].name`, `top level`. */
export const pathLabel = (path: Path): string =>
  path.length === 0
    ? 'top level'
    : path
        .map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`))
        .join('');

/** The value at a path, or undefined. Reads own properties only: keys are whatever somebody typed. */
export const valueAt = (root: unknown, path: Path): unknown => {
  let value = root;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
};

/** The place of the value, or of the nearest thing around it when the value itself is missing. */
export const nearestPlace = (tree: Tree, path: Path): Place | undefined => {
  for (let length = path.length; length >= 0; length--) {
    const place = tree.place(path.slice(0, length));
    if (place !== undefined) return place;
  }
  return undefined;
};
