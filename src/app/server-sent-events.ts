/** One message of a stream of server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
export interface ServerSentEvent {
  readonly type: string;
  /** Where the stream goes on after this message: for `Last-Event-ID`. */
  readonly id: string | undefined;
  readonly data: string;
}

/** The longest message that is taken: a row holds no more, and a stream without ends must not fill the memory. */
const MAX_CHARS = 4_000_000;

/**
 * The messages of a stream, as they come; a place that comes without a message is one without data. Throws when one is
 * longer than is taken; ends when the stream does.
 */
export async function* serverSentEvents(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<ServerSentEvent, void, void> {
  const decoder = new TextDecoder();
  let rest = '';
  let type = 'message';
  let id: string | undefined;
  let isMoved = false;
  let data: string[] = [];
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    if (rest.length > MAX_CHARS) throw new Error('a message of the stream is too long');
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0 || isMoved) yield { type, id, data: data.join('\n') };
        type = 'message';
        data = [];
        isMoved = false;
        continue;
      }
      const colon = line.indexOf(':');
      const name = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
      if (name === 'data') data.push(value);
      else if (name === 'event') type = value;
      else if (name === 'id' && !value.includes('\0')) {
        isMoved = id !== value;
        id = value;
      }
    }
  }
}
