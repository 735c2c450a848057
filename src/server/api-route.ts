import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Role } from '../core/role.ts';
import type { Who } from './api-access.ts';
import type { Console } from './api-console.ts';
import { ApiError } from './api-error.ts';
import { allowed, type InputProblem, problemsOf } from './api-problems.ts';

/** What a handler works with beside the checked input. */
export interface RouteContext {
  readonly console: Console;
  /** Who asks. Only `anyone` of a route for everybody has no name. */
  readonly who: Who;
  readonly nowMs: number;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
  /** For headers; the answer itself is what the handler resolves with. */
  readonly reply: FastifyReply;
  /** Logs in and out; see api-sessions. */
  readonly session: {
    open(token: string): Promise<Who>;
    close(): void;
  };
}

type Shape = z.ZodObject;

/** One route of the API: everything that routing, checking, and the OpenAPI document need to know of it. */
export interface ApiRoute {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Under /api/v1, parameters as `:name`. */
  readonly path: string;
  /** The role it takes; `anyone`: no token at all. */
  readonly role: Role | 'anyone';
  readonly tag: string;
  readonly summary: string;
  readonly params: Shape;
  readonly query: Shape;
  readonly body: Shape | undefined;
  /** What is answered; undefined: nothing (204). */
  readonly answer: z.ZodType | undefined;
  /** Of the answer, when it is not JSON: the route answers by itself. */
  readonly media?: string;
  readonly bodyLimit?: number;
  handle(input: never, context: RouteContext): Promise<unknown>;
}

/** The checked input of a route. */
export interface RouteInput<P extends Shape, Q extends Shape, B> {
  readonly params: z.output<P>;
  readonly query: z.output<Q>;
  readonly body: B;
}

/** The empty shape. */
export const nothing = z.strictObject({});

/** Declares a route; its handler gets what its schemas make of the request. */
export const route = <
  P extends Shape = typeof nothing,
  Q extends Shape = typeof nothing,
  B extends Shape | undefined = undefined,
  A extends z.ZodType | undefined = undefined,
>(spec: {
  readonly method: ApiRoute['method'];
  readonly path: string;
  readonly role: ApiRoute['role'];
  readonly tag: string;
  readonly summary: string;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly answer?: A;
  readonly media?: string;
  readonly bodyLimit?: number;
  readonly handle: (
    input: RouteInput<P, Q, B extends Shape ? z.output<B> : undefined>,
    context: RouteContext,
  ) => Promise<A extends z.ZodType ? z.input<A> : void>;
}): ApiRoute => ({
  ...spec,
  params: spec.params ?? nothing,
  query: spec.query ?? nothing,
  body: spec.body,
  answer: spec.answer,
});

const part = (name: string, schema: Shape, value: unknown, problems: InputProblem[]): unknown => {
  const result = schema.safeParse(value, { error: allowed });
  if (result.success) return result.data;
  problems.push(...problemsOf(name, value, result.error.issues, Object.keys(schema.shape)));
  return undefined;
};

/** The input of a route out of a request. Throws an {@link ApiError} that names all that is wrong. */
export const inputOf = (
  { params, query, body }: ApiRoute,
  request: { readonly params: unknown; readonly query: unknown; readonly body: unknown },
): RouteInput<Shape, Shape, unknown> => {
  const problems: InputProblem[] = [];
  const input = {
    params: part('path', params, { ...(request.params as object) }, problems),
    query: part('query', query, { ...(request.query as object) }, problems),
    body: body === undefined ? undefined : part('body', body, request.body, problems),
  };
  if (problems.length === 0) return input as RouteInput<Shape, Shape, unknown>;
  const text = problems.map(({ place, message }) => `${place}: ${message}`).join('; ');
  throw new ApiError(400, text, { problems });
};

/** What there is, or the refusal that there is no such thing. */
export const foundOr404 = <T>(value: T | undefined, what: string): T => {
  if (value === undefined) throw new ApiError(404, `${what} (any more)`);
  return value;
};
