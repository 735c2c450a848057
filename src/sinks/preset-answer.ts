import { formatDuration } from '../base/duration.ts';
import { isObject, type Json, own } from '../base/json.ts';
import { MAX_RETRY_AFTER_MS, retryAfterMs } from '../core/backoff.ts';
import type { Verdict } from '../core/delivery.ts';
import type { HttpAnswer } from './http-exchange.ts';
import type { PresetAnswer } from './preset-schema.ts';
import { oneLine } from './text.ts';
import { type Attempt, httpVerdict, retryVerdict } from './verdict.ts';

type Scalar = string | number | boolean;

/** Makes the verdict about an answer, by what a preset says of it and else by its status. */
export const createAnswerReader = (
  answers: readonly PresetAnswer[],
  retryAfter: string | readonly string[] | undefined,
): ((answer: HttpAnswer, attempt: Attempt) => Verdict) => {
  const waits = [retryAfter ?? []].flat();
  return (answer, attempt) => {
    const content = parsed(answer.body);
    const wait = waitOf(answer, content, waits, attempt.nowMs);
    const rule = answers.find((candidate) => fits(candidate, answer.status, content));
    if (rule === undefined) {
      // A login page of a proxy or portal on the way says 200 to everything.
      const verdict: Verdict = isPage(answer)
        ? retryVerdict(told(answer, attempt, 'a page instead of an answer'), undefined)
        : httpVerdict(answer, attempt);
      return verdict.outcome === 'retry' && wait !== undefined ? { ...verdict, afterMs: wait } : verdict;
    }
    if (rule.verdict === 'retry') return retryVerdict(told(answer, attempt), wait);
    return rule.verdict === 'sent'
      ? { outcome: 'sent', receipt: attempt.reason(statusText(answer, attempt)) }
      : { outcome: 'rejected', reason: told(answer, attempt) };
  };
};

const statusText = ({ status }: HttpAnswer, { host, startedAtMs, nowMs }: Attempt): string =>
  `HTTP ${status} from ${host} in ${formatDuration(nowMs - startedAtMs)}`;

const told = (answer: HttpAnswer, attempt: Attempt, what = ''): string =>
  attempt.reason(
    statusText(answer, attempt) + (what === '' ? '' : `: ${what}`),
    oneLine(answer.body) === '' ? '' : `: ${answer.body}`,
  );

const isPage = ({ status, body }: HttpAnswer): boolean =>
  status >= 200 && status < 300 && body.trimStart().startsWith('<');

const parsed = (body: string): Json | undefined => {
  if (!/^\s*[{[]/.test(body)) return undefined;
  try {
    return JSON.parse(body) as Json;
  } catch {
    return undefined;
  }
};

const fits = (
  { status, member, is, any }: PresetAnswer,
  given: number,
  content: Json | undefined,
): boolean => {
  if (
    status !== undefined &&
    ![status].flat().some((one) => one === given || one === `${Math.floor(given / 100)}xx`)
  )
    return false;
  if (member === undefined) return true;
  const values = membersAt(content, member.split('.'));
  const oneOf = (allowed: Scalar | readonly Scalar[]) => (value: Json) =>
    [allowed].flat().some((each) => each === value);
  if (is !== undefined && !(values.length > 0 && values.every(oneOf(is)))) return false;
  if (any !== undefined && !values.some(oneOf(any))) return false;
  return values.length > 0;
};

/** All values at a path; `*` goes through every item of a list or member of a map. */
const membersAt = (content: Json | undefined, path: readonly string[]): readonly Json[] => {
  let values: readonly Json[] = content === undefined ? [] : [content];
  for (const step of path) {
    values = values.flatMap((value): readonly Json[] => {
      const list = Array.isArray(value);
      if (step === '*') return list ? value : isObject(value) ? Object.values(value) : [];
      const inner = list
        ? (value as readonly Json[])[Number(step)]
        : isObject(value)
          ? own(value, step)
          : undefined;
      return inner === undefined ? [] : [inner];
    });
  }
  return values;
};

/** The longest wait that the receiver asks for, by header or in its answer. */
const waitOf = (
  answer: HttpAnswer,
  content: Json | undefined,
  places: readonly string[],
  nowMs: number,
): number | undefined => {
  const inBody = places
    .flatMap((place) => membersAt(content, place.split('.')))
    .filter((value): value is number => typeof value === 'number' && Number.isFinite(value))
    .map((seconds) => Math.min(Math.max(Math.ceil(seconds * 1_000), 0), MAX_RETRY_AFTER_MS));
  const header = retryAfterMs(answer.retryAfter, nowMs);
  const waits = header === undefined ? inBody : [...inBody, header];
  return waits.length === 0 ? undefined : Math.max(...waits);
};
