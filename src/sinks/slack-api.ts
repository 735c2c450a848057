import { formatDuration } from '../base/duration.ts';
import type { Delivery, Verdict } from '../core/delivery.ts';
import { withDeadline } from './deadline.ts';
import { createHttpPoster, type HttpPoster } from './http.ts';
import type { SinkDeps } from './sink-type.ts';
import type { SlackSender } from './slack.ts';
import { type CallResult, isNotEditable, isWithoutThread, readAnswer } from './slack-answers.ts';
import { slackMessage } from './slack-message.ts';
import { readableTime } from './text.ts';
import { type Attempt, createReason, failureVerdict, measured, unsendable } from './verdict.ts';

/** An answer repeats the whole message; it must be read to its end to know the message's own name. */
const MAX_ANSWER_BYTES = 512 * 1_024;

/** A message of Slack's, as a verdict's `ref` names it: `channel:ts`. */
interface MessageRef {
  readonly channel: string;
  readonly ts: string;
}

const parseRef = (ref: string | undefined): MessageRef | undefined => {
  const [, channel, ts] = /^(\w+):(\d+\.\d+)$/.exec(ref ?? '') ?? [];
  return channel === undefined || ts === undefined ? undefined : { channel, ts };
};

const isChannelId = (channel: string): boolean => /^[CDG][A-Z0-9]{7,}$/.test(channel);

/**
 * Sends through chat.postMessage, answers in threads and changes what is resolved with chat.update.
 *
 * One attempt may take two calls. What happens at a repetition when only the first went through: the call that changes a
 * message comes first and may be repeated without harm, since it writes the same again; so nothing is told twice unless
 * Slack took the answer and we did not hear of it. An answer that Slack refuses after the change is the verdict of the
 * attempt, and its reason says that the change was made.
 */
export const createSlackApi = (
  settings: {
    readonly token: string;
    readonly channel: string;
    readonly api_url: string;
    readonly timeout: number;
  },
  deps: SinkDeps,
): SlackSender => {
  const { token, channel, timeout: timeoutMs } = settings;
  const poster = (method: string): HttpPoster => {
    const url = new URL(`${settings.api_url.replace(/\/+$/, '')}/${method}`);
    return createHttpPoster(url, { timeoutMs, connections: 1, maxAnswerBytes: MAX_ANSWER_BYTES }, deps);
  };
  const [posting, updating] = [poster('chat.postMessage'), poster('chat.update')];
  const headers = { 'content-type': 'application/json; charset=utf-8', authorization: `Bearer ${token}` };
  const reason = createReason([token, ...posting.secrets, ...updating.secrets]);

  /** A reference of this sink; none for one into another channel than the one that is configured by now. */
  const refOf = (text: string | undefined): MessageRef | undefined => {
    const ref = parseRef(text);
    return ref !== undefined && isChannelId(channel) && ref.channel !== channel ? undefined : ref;
  };

  const sendOnce = async (
    delivery: Delivery,
    call: (to: HttpPoster, payload: object) => Promise<CallResult>,
    attempt: () => Attempt,
  ): Promise<Verdict> => {
    const { alert } = delivery;
    const message = slackMessage(alert, { actions: deps.actionsFor?.(delivery) ?? [] });
    const post = async (thread: MessageRef | undefined, broadcast: boolean): Promise<CallResult> => {
      if (thread !== undefined) {
        const answered = await call(posting, {
          ...message,
          channel: thread.channel,
          thread_ts: thread.ts,
          reply_broadcast: broadcast,
        });
        if (answered.ok || !isWithoutThread(answered.error)) return answered;
      }
      return await call(posting, { ...message, channel });
    };

    const firing = alert.status === 'resolved' ? refOf(delivery.firingRef) : undefined;
    const thread = refOf(delivery.threadRef) ?? firing;
    if (firing === undefined) {
      const critical = alert.rule.level === 'critical' && alert.status === 'firing';
      return verdictOf(await post(thread, critical), attempt(), '');
    }
    const changed = await call(updating, {
      ...slackMessage(alert, { note: resolvedNote(alert.createdAtMs, firing) }),
      channel: firing.channel,
      ts: firing.ts,
    });
    // Nothing has been said yet: a refusal that is not about the message itself ends the attempt here.
    if (!changed.ok && !isNotEditable(changed.error)) return changed.verdict;
    const gone = !changed.ok && changed.error === 'message_not_found' && thread?.ts === firing.ts;
    // What could not be changed still reads as firing in the channel: the end must then be seen there as well.
    const answered = await post(gone ? undefined : thread, !changed.ok);
    const note = changed.ok
      ? 'the first message was changed'
      : `the first message stays as it was: ${changed.error}`;
    return verdictOf(answered, attempt(), note);
  };

  const verdictOf = (result: CallResult, attempt: Attempt, note: string): Verdict => {
    if (!result.ok) {
      if (note === '' || result.verdict.outcome === 'sent') return result.verdict;
      return { ...result.verdict, reason: reason(`${result.verdict.reason}; `, note) };
    }
    const took = formatDuration(attempt.nowMs - attempt.startedAtMs);
    const own = `HTTP ${result.answer.status} from ${attempt.host} in ${took}`;
    const named = result.channel !== '' && result.ts !== '';
    return {
      outcome: 'sent',
      receipt: reason(own, note === '' ? '' : `; ${note}`),
      ...(named ? { ref: `${result.channel}:${result.ts}` } : {}),
      ...measured(result.answer, attempt),
    };
  };

  return {
    send: async (delivery, signal) => {
      const startedAtMs = deps.now();
      let bytes: number | undefined;
      const attempt = (): Attempt => ({
        host: posting.host,
        startedAtMs,
        nowMs: deps.now(),
        reason,
        ...(bytes === undefined ? {} : { bytes }),
      });
      let asked = false;
      try {
        return await withDeadline(signal, timeoutMs, async (signal) => {
          const call = async (to: HttpPoster, payload: object): Promise<CallResult> => {
            const body = JSON.stringify({ ...payload, parse: 'none' });
            asked = true;
            const answer = await to.post(body, headers, signal);
            bytes = (bytes ?? 0) + Buffer.byteLength(body);
            return readAnswer(answer, attempt());
          };
          return await sendOnce(delivery, call, attempt);
        });
      } catch (error) {
        return asked || signal.aborted ? failureVerdict(error, attempt()) : unsendable(error, reason);
      }
    },
    close: async () => {
      await Promise.all([posting.close(), updating.close()]);
    },
  };
};

const resolvedNote = (resolvedAtMs: number, { ts }: MessageRef): string => {
  const lastedMs = resolvedAtMs - Number(ts) * 1_000;
  const lasted = lastedMs > 0 ? `, ${formatDuration(lastedMs)} after it was reported here` : '';
  return `Resolved ${readableTime(resolvedAtMs)}${lasted}.`;
};
