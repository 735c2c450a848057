import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { html } from '../base/html.ts';
import type { RateLimit } from './rate-limit.ts';

/** What a page answers when there is nothing to confirm (any more). */
export interface ActAnswer {
  readonly status: number;
  readonly title: string;
  readonly text: string;
}

/** What a reader is asked to confirm. All texts are raw. */
export interface ActQuestion {
  /** What the button says. */
  readonly label: string;
  readonly question: string;
  readonly level: string;
  readonly title: string;
  readonly message: string;
  /** ISO 8601. */
  readonly happened: string;
}

/** Acts on alerts by signed links. */
export interface AlertActs {
  /** What a link would do. Changes nothing: scanners of mail follow every link. */
  look(token: string): Promise<ActQuestion | ActAnswer>;
  /** Does it. */
  act(token: string, said: { readonly name: string; readonly note: string }): Promise<ActAnswer>;
}

const STYLE = `
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.3rem; line-height: 1.3; margin: 0 0 .5rem; overflow-wrap: anywhere; }
p { margin: 0 0 1rem; overflow-wrap: anywhere; }
.level { font-weight: 700; text-transform: uppercase; font-size: .8rem; letter-spacing: .05em; }
.when { color: GrayText; font-size: .9rem; }
form { border-top: 1px solid GrayText; padding-top: 1rem; display: grid; gap: .75rem; }
label { display: grid; gap: .25rem; }
input, button { font: inherit; padding: .5rem .75rem; }
button { cursor: pointer; justify-self: start; }
`;

const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const page = (title: string, body: string): string =>
  [
    '<!DOCTYPE html>',
    '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
    `<meta name="robots" content="noindex"><title>${html(title)}</title><style>${STYLE}</style></head>`,
    `<body><main>${body}</main></body></html>`,
  ].join('\n');

const questionPage = ({ label, question, level, title, message, happened }: ActQuestion): string =>
  page(
    label,
    [
      `<p class="level">${html(level)}</p><h1>${html(title)}</h1>`,
      `<p>${html(message)}</p><p class="when"><time datetime="${html(happened)}">${html(happened.replace(/T(.*)\.\d+Z$/, ' $1 UTC'))}</time></p>`,
      // Posted to the page's own address, so that a path in front of ours stays.
      `<form method="post" autocomplete="off"><p>${html(question)}</p>`,
      '<label>Your name <input name="name" maxlength="100"></label>',
      '<label>Note <input name="note" maxlength="300"></label>',
      `<button type="submit">${html(label)}</button></form>`,
    ].join('\n'),
  );

const answerPage = ({ title, text }: ActAnswer): string =>
  page(title, `<h1>${html(title)}</h1><p>${html(text)}</p>`);

const TOO_MANY: ActAnswer = {
  status: 429,
  title: 'Too many requests',
  text: 'Nothing was done. Wait a moment and try again.',
};

/** Serves `/act/TOKEN`: a page that asks, and does only what is confirmed by a POST; 429 beyond the limit. */
export const registerActPages = (app: FastifyInstance, acts: AlertActs, limit: RateLimit): void => {
  const send = (reply: FastifyReply, status: number, text: string): FastifyReply =>
    reply.code(status).header('content-security-policy', POLICY).type('text/html; charset=utf-8').send(text);
  // Before the body is read and the token looked at.
  const onRequest = async (_request: unknown, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    const seconds = limit.take();
    if (seconds === undefined) return undefined;
    return send(reply.header('retry-after', seconds), 429, answerPage(TOO_MANY));
  };
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    async (_request: unknown, body: string | Buffer) => new URLSearchParams(String(body)),
  );
  app.get<{ Params: { token: string } }>('/act/:token', { onRequest }, async (request, reply) => {
    const found = await acts.look(request.params.token);
    return 'status' in found
      ? send(reply, found.status, answerPage(found))
      : send(reply, 200, questionPage(found));
  });
  app.post<{ Params: { token: string } }>('/act/:token', { onRequest }, async (request, reply) => {
    const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams();
    const answer = await acts.act(request.params.token, {
      name: form.get('name') ?? '',
      note: form.get('note') ?? '',
    });
    return send(reply, answer.status, answerPage(answer));
  });
};
