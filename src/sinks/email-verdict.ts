import { errorCode } from '../base/errors.ts';
import type { Verdict } from '../core/delivery.ts';
import { describe, type Reason } from './verdict.ts';

/** What nodemailer adds to its errors (its errors.d.ts): the code of the reply, when there was one. */
interface SmtpFailure {
  readonly responseCode?: number;
  readonly recipient?: string;
  readonly response?: string;
}

/* Failures without a reply that no repetition mends: the message or the configuration is at fault. */
const OURS: ReadonlySet<string> = new Set(
  'EAUTH ENOAUTH EENVELOPE EMESSAGE EMAXRECIPIENTS EREQUIRETLS ECONFIG EFILEACCESS EURLACCESS'.split(' '),
);

/**
 * Whether a reply says "never": 5yz (RFC 5321, 4.2.1), a refused login among them, but for 503, which is about the
 * order of commands and does not concern the message.
 */
const isPermanent = (code: number): boolean => code >= 500 && code < 600 && code !== 503;

/** The verdict about a mail that nobody was sent. */
export const smtpFailureVerdict = (error: unknown, host: string, reason: Reason): Verdict => {
  const { responseCode } = error as SmtpFailure;
  const code = errorCode(error);
  const permanent =
    typeof responseCode === 'number' ? isPermanent(responseCode) : code !== undefined && OURS.has(code);
  return {
    outcome: permanent ? 'rejected' : 'retry',
    reason: reason(`${host}: `, describe(error)),
    ...(typeof responseCode === 'number' ? { status: responseCode } : {}),
  };
};

/**
 * The verdict about a mail that some of its recipients were sent and others refused: never `sent`. It is tried again
 * while any refusal may pass, and parked with the names of the refused when all are final.
 */
export const partialVerdict = (
  failures: readonly unknown[],
  outstanding: readonly string[],
  host: string,
  reason: Reason,
): Verdict => {
  const replies = failures.map((error) => {
    const { recipient, response, responseCode } = error as SmtpFailure;
    return { text: `${recipient ?? '?'}: ${response ?? responseCode ?? 'refused'}`, responseCode };
  });
  const passing = replies.some(
    ({ responseCode }) => responseCode === undefined || !isPermanent(responseCode),
  );
  // The reply that decides: a refusal that may pass, while there is one.
  const deciding = replies.find((reply) => !passing || !isPermanent(reply.responseCode ?? 0));
  const texts = replies.length > 0 ? replies.map(({ text }) => text) : outstanding;
  return {
    outcome: passing || replies.length === 0 ? 'retry' : 'rejected',
    reason: reason(`${host} took the mail for the others but refused `, texts.join('; ')),
    ...(deciding?.responseCode === undefined ? {} : { status: deciding.responseCode }),
  };
};
