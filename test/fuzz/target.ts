import type { Chance } from './mutate.ts';

/** One thing that takes input from outside, set up to be given a lot of it. */
export interface FuzzTarget {
  /** Gives it one input drawn by chance. Rejects when what must always hold did not; the error says with what input. */
  once(chance: Chance): Promise<void>;
  close(): Promise<void>;
}

/** All targets by name are in targets.ts. */
export type FuzzTargets = Readonly<Record<string, () => Promise<FuzzTarget>>>;

/** Throws when `holds` is false. */
export const must = (holds: boolean, what: string, input: unknown): void => {
  if (!holds) throw new Error(`${what}\ninput: ${JSON.stringify(input)?.slice(0, 20_000)}`);
};

/** Whatever `act` throws, with the input that made it. */
export const withInput = async <T>(input: unknown, act: () => T | Promise<T>): Promise<T> => {
  try {
    return await act();
  } catch (error) {
    throw new Error(
      `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\ninput: ${JSON.stringify(input)?.slice(0, 20_000)}`,
      { cause: error },
    );
  }
};

/** Every problem has a place that exists, and a text that says something. */
export const mustBePlaced = (
  problems: readonly {
    readonly file: string;
    readonly line: number;
    readonly column: number;
    readonly message: string;
  }[],
  texts: Readonly<Record<string, string>>,
  input: unknown,
): void => {
  for (const problem of problems) {
    const { file, line, column, message } = problem;
    must(
      file !== '' && message.trim() !== '',
      `a problem without a file or text: ${JSON.stringify(problem)}`,
      input,
    );
    must(
      line > 0 === column > 0 && line >= 0 && column >= 0,
      `half a place: ${JSON.stringify(problem)}`,
      input,
    );
    const text = texts[file];
    if (text === undefined || line === 0) continue;
    // A position behind the last character is the end of the file.
    must(
      line <= text.split(/\r\n|\r|\n/).length,
      `a place behind the end: ${JSON.stringify(problem)}`,
      input,
    );
    // Unless the input itself says so.
    const nothing = /\bundefined\b|\[object |\bNaN\b/.exec(message)?.[0];
    must(nothing === undefined || text.includes(nothing), `a text that says nothing: ${message}`, input);
  }
};
