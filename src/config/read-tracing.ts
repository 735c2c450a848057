import { readSecret } from './read-secret.ts';
import { SECTIONS } from './schema.ts';
import type { Section } from './section.ts';
import type { TracingSettings } from './settings.ts';

/** `name=value,name=value`, as OTEL_EXPORTER_OTLP_HEADERS is written; undefined when it is not. */
const parseHeaders = (text: string): Readonly<Record<string, string>> | undefined => {
  const headers: Record<string, string> = {};
  for (const part of text.split(',')) {
    if (part.trim() === '') continue;
    const [, name = '', raw = ''] = /^\s*([\w!#$%&'*+.^`|~-]+)\s*=\s*(.*?)\s*$/s.exec(part) ?? [];
    if (name === '') return undefined;
    try {
      headers[name.toLowerCase()] = decodeURIComponent(raw);
    } catch {
      headers[name.toLowerCase()] = raw;
    }
    if (/[^\t\x20-\x7e]/.test(headers[name.toLowerCase()] ?? '')) return undefined;
  }
  return headers;
};

/** The endpoint with the path of traces, as the standard says for an endpoint of all signals. */
const tracesUrl = (endpoint: string): string => {
  const url = new URL(endpoint);
  if (!url.pathname.endsWith('/v1/traces')) url.pathname = `${url.pathname.replace(/\/+$/, '')}/v1/traces`;
  return url.href;
};

/** Reads `tracing`; undefined when there is none, its endpoint is empty, or it has problems. */
export const readTracing = (section: Section): TracingSettings | undefined => {
  const tracing = section.check(SECTIONS.tracing, ['tracing'], (path) => path.at(-1) === 'headers');
  if (tracing === undefined || tracing.endpoint === '') return undefined;
  const { headers: given, headers_file: file } = tracing;
  if (given !== '' && file !== undefined) {
    section.problem(['tracing'], 'tracing: found both headers and headers_file, allowed: one of them');
    return undefined;
  }
  const secret = file === undefined ? given : readSecret(section, ['tracing', 'headers_file'], file)?.value;
  if (secret === undefined) return undefined;
  const headers = parseHeaders(secret);
  if (headers === undefined) {
    section.problem(
      ['tracing', file === undefined ? 'headers' : 'headers_file'],
      'tracing.headers: cannot be read, allowed: name=value, several with commas between them',
    );
    return undefined;
  }
  for (const value of Object.values(headers)) if (value !== '') section.known.add(value);
  const { service_name: serviceName, sample } = tracing;
  return { url: tracesUrl(tracing.endpoint), headers, serviceName, sample };
};
