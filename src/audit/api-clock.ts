import type { Answer } from './transport.ts';

/** What is known of the API server's clock minus ours when an answer came, in ms; 0: they agree as far as one can tell. */
export interface ClockReading {
  /** By the answer's own `Date` header; undefined when it has none. */
  readonly clockSkewMs: number | undefined;
  /**
   * For an answer without one: by the last `Date` that came and the time that has passed since, which no clock that is
   * set can change. Before the first `Date` our own clock at the beginning stands in for it, and is told only where
   * ours has jumped ahead since; undefined: nothing is known.
   */
  readonly expectedSkewMs: number | undefined;
}

/** Clocks drift, and answers take their time: less than this is no jump. */
const JUMP_MS = 5_000;

/**
 * Reads the server's clock off its answers, in the order in which they came. `begun` is our own time when that began; left out: the
 * first answer stands in for it, which may come long after our clock has jumped.
 */
export const createApiClock = (
  begun?: Pick<Answer, 'answeredAtMs' | 'answeredTicks'>,
): ((answer: Answer) => ClockReading) => {
  let last: Dated | undefined;
  let first = begun;
  return (answer) => {
    first ??= { answeredAtMs: answer.answeredAtMs, answeredTicks: answer.answeredTicks };
    const date = Date.parse(answer.header('date') ?? '');
    if (Number.isNaN(date))
      return {
        clockSkewMs: undefined,
        expectedSkewMs: last ? expected(last, answer) : jumpedAhead(first, answer),
      };
    last = { date, askedTicks: answer.askedTicks, answeredTicks: answer.answeredTicks };
    return {
      clockSkewMs: between(date - answer.answeredAtMs, date + 999 - answer.askedAtMs),
      expectedSkewMs: undefined,
    };
  };
};

interface Dated extends Pick<Answer, 'askedTicks' | 'answeredTicks'> {
  readonly date: number;
}

const expected = (last: Dated, { answeredAtMs, answeredTicks }: Answer): number =>
  between(
    last.date + (answeredTicks - last.answeredTicks) - answeredAtMs,
    last.date + 999 + (answeredTicks - last.askedTicks) - answeredAtMs,
  );

/** By how much our clock has jumped ahead since the first answer, as a negative skew; undefined: it has not. */
const jumpedAhead = (
  first: Pick<Answer, 'answeredAtMs' | 'answeredTicks'>,
  { answeredAtMs, answeredTicks }: Answer,
): number | undefined => {
  const skewMs = first.answeredAtMs + (answeredTicks - first.answeredTicks) - answeredAtMs;
  return skewMs < -JUMP_MS ? skewMs : undefined;
};

/**
 * The header is cut to the second and was written at some time between question and answer: within that nothing is
 * known.
 */
const between = (least: number, most: number): number => {
  if (least > 0) return least;
  return most < 0 ? most : 0;
};
