import { isObject, type Json, own } from '../base/json.ts';
import { retryAfterMs } from '../core/backoff.ts';
import type { Verdict } from '../core/delivery.ts';
import type { HttpAnswer } from './http-exchange.ts';
import { type Attempt, httpVerdict, measured, retryVerdict } from './verdict.ts';

/** What one call of the Web API came to. */
export type CallResult =
  | { readonly ok: true; readonly channel: string; readonly ts: string; readonly answer: HttpAnswer }
  | {
      readonly ok: false;
      /** Slack's word for it, such as `channel_not_found`; '' when the answer had none. */
      readonly error: string;
      /** The verdict, if this is where the attempt ends. */
      readonly verdict: Verdict;
    };

/* Words of chat.postMessage and chat.update (docs.slack.dev, reference of both methods, "Errors"). */

/** Not now, and nothing is wrong with us. */
const RETRY: ReadonlySet<string> =
  words(`ratelimited rate_limited message_limit_exceeded fatal_error internal_error
  service_unavailable request_timeout team_added_to_org org_login_required external_channel_migrating update_failed`);

/** The message of the reference is gone, or may not be changed by us, or not any more. Another one can be sent. */
const NOT_EDITABLE: ReadonlySet<string> =
  words(`message_not_found cant_update_message edit_window_closed is_inactive
  block_mismatch no_dual_broadcast_content_update cant_broadcast_message streaming_state_conflict channel_not_found
  team_not_found`);

/**
 * The thread of the reference is gone, or takes no answers; or its channel is, and another one is configured now. The last
 * three are then said again, and count, when the message goes to the channel itself.
 */
const NO_THREAD: ReadonlySet<string> =
  words(`thread_not_found message_not_found cannot_reply_to_message invalid_thread_ts
  restricted_action_non_threadable_channel restricted_action_thread_locked cant_broadcast_message channel_not_found
  is_archived not_in_channel`);

const TOKEN = 'the bot token is not valid any more; install the Slack app again and configure its new token';
const SCOPE = 'the Slack app lacks a right; add the scope chat:write and install it again';
const FORBIDDEN = 'a setting of the Slack workspace forbids it; ask its administrators';
const TEXT = 'Slack does not take this message as it is';

/** What the operator should know or do, for words that do not say it themselves. */
const ADVICE: ReadonlyMap<string, string> = new Map([
  ...each('invalid_auth not_authed account_inactive token_revoked token_expired', TOKEN),
  ...each('missing_scope no_permission not_allowed_token_type', SCOPE),
  ...each('not_in_channel', 'invite the Slack app to the channel'),
  ...each(
    'channel_not_found',
    'no such channel, or a private one that the Slack app is no member of; best use its ID',
  ),
  ...each('is_archived is_inactive', 'the channel is archived'),
  ...each(
    `restricted_action restricted_action_read_only_channel restricted_action_thread_only_channel
     restricted_action_non_threadable_channel restricted_action_thread_locked ekm_access_denied access_denied accesslimited
     enterprise_is_restricted two_factor_setup_required channel_type_not_supported`,
    FORBIDDEN,
  ),
  ...each('team_access_not_granted team_not_found', 'the token is not for the workspace of this channel'),
  ...each(
    `msg_too_long msg_blocks_too_long invalid_blocks invalid_blocks_format invalid_attachments too_many_attachments no_text
     invalid_arguments invalid_arg_name invalid_array_arg invalid_charset invalid_form_data invalid_post_type
     missing_post_type invalid_json json_not_object`,
    TEXT,
  ),
  ...each('method_deprecated deprecated_endpoint as_user_not_supported', 'the monitor needs an update'),
]);

export const isNotEditable = (error: string): boolean => NOT_EDITABLE.has(error);
export const isWithoutThread = (error: string): boolean => NO_THREAD.has(error);

/**
 * Reads an answer of the Web API. Slack says most refusals with HTTP 200 and `ok: false`; only with `ok: true` has it
 * taken the message, so an answer that breaks off or is no JSON is tried again, at the price of a second message.
 */
export const readAnswer = (answer: HttpAnswer, attempt: Attempt): CallResult => {
  const told = parsed(answer.body);
  const text = (name: string): string => {
    const value = own(told, name);
    return typeof value === 'string' ? value : '';
  };
  const success = answer.status >= 200 && answer.status < 300;
  if (success && told['ok'] === true) return { ok: true, channel: text('channel'), ts: text('ts'), answer };
  const error = text('error');
  return {
    ok: false,
    error,
    verdict: { ...refusal(answer, error, told, attempt), ...measured(answer, attempt) },
  };
};

const refusal = (
  answer: HttpAnswer,
  error: string,
  told: Readonly<Record<string, Json>>,
  attempt: Attempt,
): Verdict => {
  const general = httpVerdict(answer, attempt);
  if (error === '') {
    if (general.outcome !== 'sent') return general;
    return retryVerdict(
      attempt.reason(`HTTP ${answer.status} from ${attempt.host} with no answer of Slack's`),
      undefined,
    );
  }
  const advice = ADVICE.get(error);
  const said = `${error}${advice === undefined ? '' : ` (${advice})`}${detailOf(told)}`;
  const reason = attempt.reason(`${attempt.host}: `, said);
  // A 5xx or 429 is about the moment, whatever the word.
  return RETRY.has(error) || general.outcome === 'retry'
    ? retryVerdict(reason, retryAfterMs(answer.retryAfter, attempt.nowMs))
    : { outcome: 'rejected', reason };
};

/** What Slack adds: which scope is needed, what is wrong with the blocks. */
const detailOf = (told: Readonly<Record<string, Json>>): string => {
  const needed = own(told, 'needed');
  const metadata = own(told, 'response_metadata');
  const messages = isObject(metadata) ? own(metadata, 'messages') : undefined;
  const parts = [
    ...(typeof needed === 'string' ? [`needed: ${needed}`] : []),
    ...(Array.isArray(messages) ? messages.filter((part) => typeof part === 'string') : []),
  ];
  return parts.length === 0 ? '' : `: ${parts.join('; ')}`;
};

const parsed = (body: string): Readonly<Record<string, Json>> => {
  try {
    const value = JSON.parse(body) as Json;
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
};

function words(text: string): ReadonlySet<string> {
  return new Set(text.split(/\s+/));
}

function each(text: string, advice: string): readonly (readonly [string, string])[] {
  return text.split(/\s+/).map((word) => [word, advice]);
}
