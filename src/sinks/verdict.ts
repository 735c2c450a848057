import { formatDuration } from '../base/duration.ts';
import { errorCode, errorText } from '../base/errors.ts';
import { retryAfterMs } from '../core/backoff.ts';
import type { Measured, Verdict } from '../core/delivery.ts';
import type { HttpAnswer } from './http-exchange.ts';
import { fit, oneLine } from './text.ts';

/** Longest reason or receipt we keep. */
const MAX_REASON = 300;
/**
 * Statuses that say "not now" (RFC 9110 and 6585); every 5xx says so as well. 407 is said by a proxy on the way: about
 * the receiver, and about the alert, it says nothing.
 */
const RETRY_STATUSES: ReadonlySet<number> = new Set([407, 408, 425, 429]);

/**
 * Makes text fit to be stored and shown as a reason: one line, cut. `own` is ours; `foreign` came from outside, and no
 * secret is left in it.
 */
export type Reason = (own: string, foreign?: string) => string;

/**
 * A {@link Reason} that hides the given secrets in every form in which a receiver may send them back: as they are,
 * percent-encoded, escaped for JSON, in Base64. Hiding comes before cutting, so that no half of a secret remains.
 */
export const createReason = (secrets: readonly string[]): Reason => {
  const forms = new Set<string>();
  for (const secret of secrets.filter((text) => text !== '')) {
    forms.add(secret).add(encodeURIComponent(secret.toWellFormed())).add(encodeURI(secret.toWellFormed()));
    forms.add(JSON.stringify(secret).slice(1, -1));
    forms.add(Buffer.from(secret).toString('base64')).add(Buffer.from(secret).toString('base64url'));
  }
  const longestFirst = [...forms].sort((a, b) => b.length - a.length);
  return (own, foreign = '') => {
    let hidden = foreign;
    for (const form of longestFirst) hidden = hidden.replaceAll(form, '[redacted]');
    return fit(own + hidden, MAX_REASON, oneLine);
  };
};

/** Where and how long: what every verdict about an HTTP attempt names. */
export interface Attempt {
  readonly host: string;
  readonly startedAtMs: number;
  readonly nowMs: number;
  readonly reason: Reason;
  /** Bytes of the message, when it has been sent. */
  readonly bytes?: number;
}

/** The verdict about an answer, by its status alone; what the body said is told with a refusal. */
export const httpVerdict = (answer: HttpAnswer, attempt: Attempt): Verdict => ({
  ...byStatus(answer, attempt),
  ...measured(answer, attempt),
});

/** The facts of an attempt that was answered. */
export const measured = ({ status }: HttpAnswer, { bytes }: Attempt): Measured =>
  bytes === undefined ? { status } : { status, bytes };

const byStatus = (answer: HttpAnswer, { host, startedAtMs, nowMs, reason }: Attempt): Verdict => {
  const { status } = answer;
  const own = `HTTP ${status} from ${host} in ${formatDuration(nowMs - startedAtMs)}`;
  if (status >= 200 && status < 300) return { outcome: 'sent', receipt: reason(own) };
  if (status >= 300 && status < 400) {
    return {
      outcome: 'rejected',
      reason: reason(`${own}: redirects are not followed, configure the final URL`),
    };
  }
  const said = oneLine(answer.body) === '' ? '' : `: ${answer.body}`;
  return RETRY_STATUSES.has(status) || status >= 500
    ? retryVerdict(reason(own, said), retryAfterMs(answer.retryAfter, nowMs))
    : { outcome: 'rejected', reason: reason(own, said) };
};

/** A retry, with the receiver's wish when it stated one. */
export const retryVerdict = (reason: string, afterMs: number | undefined): Verdict =>
  afterMs === undefined ? { outcome: 'retry', reason } : { outcome: 'retry', reason, afterMs };

/** The verdict about an attempt to which there was no answer: try again, unless we ourselves could not ask. */
export const failureVerdict = (error: unknown, { host, reason }: Attempt): Verdict => ({
  outcome: isOurs(error) ? 'rejected' : 'retry',
  reason: reason(`${host}: `, describe(error)),
});

/** undici gives the same code to what it cannot send and to a proxy that wants a password. */
const isOurs = (error: unknown): boolean =>
  errorCode(error) === 'UND_ERR_INVALID_ARG' && !errorText(error).includes('(407)');

/** The text of an error with its code, which is what people search for. */
export const describe = (error: unknown): string => {
  const code = errorCode(error);
  const text = errorText(error);
  return code === undefined || text.includes(code) ? text : `${text} (${code})`;
};

/** The verdict about a delivery that could not even be written down. It would fail the same way every time. */
export const unsendable = (error: unknown, reason: Reason): Verdict => ({
  outcome: 'rejected',
  reason: reason('the alert cannot be expressed for this sink: ', errorText(error)),
});
