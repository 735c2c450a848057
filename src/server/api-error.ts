import type { InputProblem } from './api-problems.ts';

/** A request is answered with a refusal. The message is for whoever asked, and holds no secret. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly problems: readonly InputProblem[];
  readonly headers: Readonly<Record<string, string>>;
  constructor(
    status: number,
    message: string,
    more: {
      readonly problems?: readonly InputProblem[];
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ) {
    super(message);
    this.status = status;
    this.problems = more.problems ?? [];
    this.headers = more.headers ?? {};
  }
}

/** A refusal of one part of a request. */
export const wrongInput = (place: string, message: string): ApiError =>
  new ApiError(400, `${place}: ${message}`, { problems: [{ place, message }] });
