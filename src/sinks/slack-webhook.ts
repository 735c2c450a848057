import type { FetchFunction } from '@slack/webhook';
import type { Verdict } from '../core/delivery.ts';
import { createHttpPoster } from './http.ts';
import type { HttpAnswer } from './http-exchange.ts';
import type { SinkDeps } from './sink-type.ts';
import type { SlackSender } from './slack.ts';
import { slackMessage } from './slack-message.ts';
import { oneLine } from './text.ts';
import {
  type Attempt,
  createReason,
  failureVerdict,
  httpVerdict,
  measured,
  retryVerdict,
  unsendable,
} from './verdict.ts';

/*
 * Answers of incoming webhooks that mean the same whatever their status (docs.slack.dev, "Sending messages using
 * incoming webhooks", handling errors).
 */
const REFUSALS: ReadonlySet<string> = new Set(
  `action_prohibited channel_is_archived channel_not_found invalid_attachments invalid_blocks invalid_blocks_format
   invalid_payload invalid_token missing_text_or_fallback_or_attachments msg_blocks_too_long msg_too_long no_active_hooks
   no_service no_service_id no_team no_text posting_to_general_channel_denied team_disabled too_many_attachments
   user_not_found`.split(/\s+/),
);
const TROUBLES: ReadonlySet<string> = new Set([
  'rate_limited',
  'ratelimited',
  'rollup_error',
  'service_unavailable',
]);

/** Sends through an incoming webhook: a message can be posted, never answered to or changed. */
export const createSlackWebhook = (url: string, timeoutMs: number, deps: SinkDeps): SlackSender => {
  const http = createHttpPoster(new URL(url), { timeoutMs, connections: 1 }, deps);
  const reason = createReason(http.secrets);
  return {
    send: async (delivery, signal) => {
      const startedAtMs = deps.now();
      const attempt = (bytes = 0): Attempt => ({
        host: http.host,
        startedAtMs,
        nowMs: deps.now(),
        reason,
        bytes,
      });
      let answer: HttpAnswer | undefined;
      let failure: unknown;
      let bytes: number | undefined;
      // The client writes the message; the transport below is ours, since the client's own would follow no abort,
      // hide Retry-After and the status of redirects, and read answers of any length.
      const fetch: FetchFunction = async (_url, init) => {
        const body = init?.body as string;
        bytes = Buffer.byteLength(body);
        try {
          answer = await http.post(body, { 'content-type': 'application/json' }, signal);
        } catch (error) {
          failure = error;
          throw error;
        }
        return fetchResponse(answer);
      };
      try {
        // Loaded with the first message: where Slack is off nobody needs it.
        const { IncomingWebhook } = await import('@slack/webhook');
        const message = slackMessage(delivery.alert, { actions: deps.actionsFor?.(delivery) ?? [] });
        await new IncomingWebhook(url, { fetch }).send(message);
      } catch (error) {
        // An answer or a failure was noted above; anything else happened before the message was on its way.
        if (answer === undefined && failure === undefined) return unsendable(error, reason);
      }
      if (answer === undefined) return failureVerdict(failure, attempt());
      return { ...slackVerdict(answer, attempt(bytes)), ...measured(answer, attempt(bytes)) };
    },
    close: () => http.close(),
  };
};

const slackVerdict = (answer: HttpAnswer, attempt: Attempt): Verdict => {
  const word = oneLine(answer.body);
  const own = `HTTP ${answer.status} from ${attempt.host}`;
  if (REFUSALS.has(word)) return { outcome: 'rejected', reason: attempt.reason(`${own}: ${word}`) };
  const verdict = httpVerdict(answer, attempt);
  if (verdict.outcome === 'retry') return verdict;
  if (TROUBLES.has(word)) return retryVerdict(attempt.reason(`${own}: ${word}`), undefined);
  // A page is what a proxy or a login portal answers. Slack itself says "ok"; its look-alikes say something short.
  if (verdict.outcome === 'sent' && word.startsWith('<')) {
    return retryVerdict(attempt.reason(`${own} with a page instead of "ok"`), undefined);
  }
  return verdict;
};

const fetchResponse = ({ status, body }: HttpAnswer): Awaited<ReturnType<FetchFunction>> => ({
  ok: status >= 200 && status < 300,
  status,
  statusText: '',
  url: '',
  headers: { get: () => null, entries: () => [] },
  arrayBuffer: async () => new TextEncoder().encode(body).buffer,
  json: async () => JSON.parse(body) as unknown,
  text: async () => body,
});
