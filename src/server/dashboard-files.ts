import { lstatSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** What the dashboard is made of; anything else in the folder is not served. */
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

const POLICY =
  "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";
const MIN_GZIP_BYTES = 1_024;
const compress = promisify(gzip);

const MISSING = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>vonage-audit-monitor</title></head>
<body><main><h1>The dashboard is not built</h1>
<p>The monitor runs, and its HTTP API is at <code>/api/v1</code>. In a clone of the project, <code>npm run build:dashboard</code>
builds the dashboard; the image and the package bring it along.</p></main></body></html>
`;

interface Page {
  readonly file: string;
  readonly type: string;
  /** Its name says what is in it: it may be kept for ever. */
  readonly lasting: boolean;
}

interface Content {
  readonly plain: Buffer;
  readonly packed: Buffer | undefined;
}

/** All files of a folder by the path they are asked for with. Paths come from here alone: none leads anywhere else. */
const listFiles = (folder: string, path = ''): readonly (readonly [string, Page])[] => {
  let names: readonly string[];
  try {
    names = readdirSync(folder).sort();
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    const file = join(folder, name);
    // A link may lead anywhere.
    const stat = lstatSync(file);
    if (stat.isDirectory()) return listFiles(file, `${path}/${name}`);
    const type = TYPES[extname(name)];
    const lasting = path === '/assets' && /[-.][A-Za-z0-9_-]{8,}\.\w+$/.test(name);
    return type === undefined || !stat.isFile()
      ? []
      : [[`${path}/${name}`, { file, type, lasting }] as const];
  });
};

/**
 * Serves the files of the built dashboard. Whatever else a browser asks for as a page is its first page, which finds its
 * way by the address; a folder without one is told.
 */
export const createDashboardPages = (
  folder: string,
): ((request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>) => {
  const files = new Map(listFiles(folder));
  const contents = new Map<string, Content>();
  const contentOf = async ({ file, type }: Page): Promise<Content> => {
    const known = contents.get(file);
    if (known) return known;
    const plain = await readFile(file);
    const worth = plain.length >= MIN_GZIP_BYTES && !/^(image\/(png|x-icon)|font)/.test(type);
    const content = { plain, packed: worth ? await compress(plain) : undefined };
    contents.set(file, content);
    return content;
  };
  const send = async (request: FastifyRequest, reply: FastifyReply, page: Page): Promise<FastifyReply> => {
    const { plain, packed } = await contentOf(page);
    const takesGzip = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
    reply.header('content-security-policy', POLICY).header('vary', 'accept-encoding').type(page.type);
    if (page.lasting) reply.header('cache-control', 'public, max-age=31536000, immutable');
    if (packed && takesGzip) return reply.header('content-encoding', 'gzip').send(packed);
    return reply.send(plain);
  };
  return async (request, reply) => {
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return reply.code(404).send({ error: 'not found' });
    const path = request.url.replace(/[?#].*$/s, '');
    const exact = files.get(path);
    if (exact) return send(request, reply, exact);
    const wantsPage = (request.headers.accept ?? '').includes('text/html');
    if (path !== '/' && (!wantsPage || path.startsWith('/assets/')))
      return reply.code(404).send({ error: 'not found' });
    const first = files.get('/index.html');
    if (first) return send(request, reply, first);
    return reply
      .code(path === '/' ? 200 : 404)
      .type('text/html; charset=utf-8')
      .send(MISSING);
  };
};
