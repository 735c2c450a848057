import { readSecret } from './read-secret.ts';
import { SECTIONS } from './schema.ts';
import { createSecretFile } from './secrets.ts';
import type { Section } from './section.ts';
import type { Settings, TokenSettings } from './settings.ts';
import { type Path, pathLabel } from './tree.ts';
import { isLoopback } from './values.ts';

/** What a token is made of: it travels in a header, and must not be guessed. */
const TOKEN = /^[!-~]{20,500}$/;
const TOKEN_ALLOWED = 'allowed: 20 to 500 printable ASCII characters without white space';

/** What keeps a text from being a token; undefined when it is one. No text holds the token. */
const tokenProblem = (value: string): string | undefined =>
  TOKEN.test(value) ? undefined : `found a text of ${value.length} characters (not shown), ${TOKEN_ALLOWED}`;

/** Reads `http` with its tokens, from the configuration itself or from files it names. */
export const readHttp = (section: Section): Settings['http'] | undefined => {
  const http = section.check(SECTIONS.http, ['http'], (path) => path.at(-1) === 'token');
  if (http === undefined) return undefined;
  const tokens: TokenSettings[] = [];
  const places = new Map<string, number>();
  const values = new Map<string, number>();
  for (const [index, { name, role }] of http.tokens.entries()) {
    const path: Path = ['http', 'tokens', index];
    refuseSecond(section, [...path, 'name'], 'the name', places.get(name));
    places.set(name, places.get(name) ?? index);
    const read = readToken(section, path, http.tokens[index] ?? {});
    if (read === undefined) continue;
    const { value, file } = read;
    section.known.add(value);
    refuseSecond(section, path, 'the token', values.get(value));
    values.set(value, values.get(value) ?? index);
    const current =
      file === undefined ? () => value : createSecretFile(file, value, section.known, tokenProblem);
    tokens.push({ name, role, current, secretFile: file });
  }
  const { listen } = http;
  if (listen && tokens.length === 0 && !isLoopback(listen.host))
    section.warn(
      ['http', 'listen'],
      'http.listen: other machines can reach it and there are no http.tokens, so only health, metrics and the links in alerts are served; with a token, the HTTP API and the dashboard as well',
    );
  if (http.metrics === 'token' && tokens.length === 0)
    section.problem(
      ['http', 'metrics'],
      'http.metrics: found token, and there are no http.tokens, allowed: open, or at least one token',
    );
  return { listen, externalUrl: http.external_url, tokens, metrics: http.metrics };
};

const refuseSecond = (section: Section, path: Path, what: string, first: number | undefined): void => {
  if (first !== undefined)
    section.problem(
      path,
      `${pathLabel(path)}: found ${what} of http.tokens[${first}], allowed: one of its own`,
    );
};

/** The token of one entry; undefined when it is empty, or there is a problem with it. */
const readToken = (
  section: Section,
  path: Path,
  entry: { readonly token?: string | undefined; readonly token_file?: string | undefined },
): { readonly value: string; readonly file: string | undefined } | undefined => {
  const label = pathLabel(path);
  if ((entry.token === undefined) === (entry.token_file === undefined)) {
    section.problem(
      path,
      entry.token === undefined
        ? `${label}.token is missing; allowed: token or token_file`
        : `${label}: found both token and token_file, allowed: one of them`,
    );
    return undefined;
  }
  if (entry.token === '') return undefined;
  const inline: Path = [...path, 'token'];
  const filePath: Path = [...path, 'token_file'];
  const place = section.tree.place(inline);
  const read =
    entry.token_file === undefined
      ? { value: entry.token ?? '', file: place?.secretFile }
      : readSecret(section, filePath, entry.token_file);
  if (read === undefined) return undefined;
  for (const file of place?.files ?? []) section.guardSecretFile(inline, file);
  const problem = tokenProblem(read.value);
  if (problem === undefined) return read;
  const at = entry.token_file === undefined ? inline : filePath;
  section.problem(at, `${pathLabel(at)}: ${problem}`);
  return undefined;
};
