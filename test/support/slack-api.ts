import type { Json, JsonObject } from '../../src/base/json.ts';
import { createReceiver, type Receiver } from './receiver.ts';
import { slackProblems } from './slack-blocks.ts';

/** A message as a channel holds it. */
interface PostedMessage {
  readonly channel: string;
  readonly ts: string;
  /** `ts` of the message it answers to, if any. */
  readonly thread: string | undefined;
  readonly broadcast: boolean;
  /** The content as last written. */
  readonly content: JsonObject;
  readonly edits: number;
}

/** The part of Slack's Web API that posts and changes messages, on loopback, with state, and strict. */
export interface SlackApi {
  /** For the option `api_url`. */
  readonly url: string;
  readonly receiver: Receiver;
  /** What stands in the channels, oldest first. */
  messages(): readonly PostedMessage[];
  /** Methods called so far: `chat.postMessage`, `chat.update`. */
  calls(): readonly string[];
  /** Deletes a message, so that nothing can refer to it any more. */
  remove(ts: string): void;
  /** Answers the next calls of a method with these errors, one each. */
  refuse(method: 'chat.postMessage' | 'chat.update', ...errors: readonly string[]): void;
  close(): Promise<void>;
}

const POST_ARGUMENTS = new Set(
  'channel text blocks attachments thread_ts reply_broadcast parse link_names unfurl_links unfurl_media'.split(
    ' ',
  ),
);
const UPDATE_ARGUMENTS = new Set(
  'channel ts text blocks attachments parse link_names reply_broadcast unfurl_links unfurl_media'.split(' '),
);

/** Starts a {@link SlackApi} for one bot token and the given channels: ID by name. */
export const createSlackApi = async (
  token: string,
  channels: Readonly<Record<string, string>>,
): Promise<SlackApi> => {
  const receiver = await createReceiver();
  let messages: readonly PostedMessage[] = [];
  const called: string[] = [];
  const queued = new Map<string, string[]>();
  let clock = 1_772_331_278;

  const post = (args: JsonObject): JsonObject => {
    const named = textOf(args['channel']).replace(/^#/, '');
    const channel = Object.values(channels).includes(named) ? named : channels[named];
    if (channel === undefined) return failure('channel_not_found');
    const thread = args['thread_ts'];
    if (thread !== undefined) {
      const root = messages.find((message) => message.channel === channel && message.ts === thread);
      if (root === undefined) return failure('thread_not_found');
      // An answer to an answer would hang on nothing; Slack asks for the first message of the thread.
      if (root.thread !== undefined) return failure('cannot_reply_to_message');
    } else if (args['reply_broadcast'] !== undefined) {
      return failure('invalid_arguments', 'reply_broadcast needs thread_ts');
    }
    clock += 1;
    const ts = `${clock}.000100`;
    const posted: PostedMessage = {
      channel,
      ts,
      thread: typeof thread === 'string' ? thread : undefined,
      broadcast: args['reply_broadcast'] === true,
      content: args,
      edits: 0,
    };
    messages = [...messages, posted];
    return { ok: true, channel, ts, message: args };
  };

  const update = (args: JsonObject): JsonObject => {
    const { channel, ts } = args;
    if (!Object.values(channels).includes(textOf(channel))) return failure('channel_not_found');
    const found = messages.find((message) => message.channel === channel && message.ts === ts);
    if (found === undefined) return failure('message_not_found');
    const changed = { ...found, content: args, edits: found.edits + 1 };
    messages = messages.map((message) => (message === found ? changed : message));
    return { ok: true, channel: found.channel, ts: found.ts, text: textOf(args['text']), message: args };
  };

  receiver.answer(({ method, path, headers, body }) => {
    const name = path.replace('/api/', '');
    called.push(name);
    const answer = (value: JsonObject) => ({
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify(value),
    });
    if (method !== 'POST') return { status: 405 };
    if (headers.authorization !== `Bearer ${token}`) return answer(failure('invalid_auth'));
    if (!/^application\/json; charset=utf-8$/.test(headers['content-type'] ?? ''))
      return answer(failure('invalid_post_type'));
    const args = JSON.parse(body) as JsonObject;
    const known = name === 'chat.update' ? UPDATE_ARGUMENTS : POST_ARGUMENTS;
    const unknown = Object.keys(args).filter((key) => !known.has(key));
    if (unknown.length > 0) return answer(failure('invalid_arg_name', unknown.join(', ')));
    const refused = queued.get(name)?.shift();
    if (refused !== undefined) return answer(failure(refused));
    const problems = slackProblems(args);
    if (problems.length > 0) return answer(failure('invalid_blocks', ...problems));
    if (name === 'chat.postMessage') return answer(post(args));
    if (name === 'chat.update') return answer(update(args));
    return answer(failure('unknown_method'));
  });

  return {
    url: `${receiver.url}/api`,
    receiver,
    messages: () => messages,
    calls: () => called,
    remove(ts) {
      messages = messages.filter((message) => message.ts !== ts);
    },
    refuse(method, ...errors) {
      queued.set(method, [...(queued.get(method) ?? []), ...errors]);
    },
    close: () => receiver.close(),
  };
};

const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '');

const failure = (error: string, ...details: readonly string[]): JsonObject => ({
  ok: false,
  error,
  ...(details.length === 0
    ? {}
    : { response_metadata: { messages: details.map((text) => `[ERROR] ${text}`) } }),
});
