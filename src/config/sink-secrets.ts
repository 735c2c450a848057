import { isCertificate } from './read-secret.ts';
import type { SinkOptionsType } from './schema.ts';
import type { Section } from './section.ts';
import type { Path } from './tree.ts';

/** Names inside an option's value, above all of HTTP headers, whose values are credentials. */
const SENSITIVE = /auth|token|secret|key|passw|cookie|signature/i;

/** Whether an option of a sink, or a value inside one, is a secret. */
export const isSecretOption = (type: SinkOptionsType, path: Path): boolean =>
  type.secrets.includes(String(path[0])) || (path.length > 1 && SENSITIVE.test(String(path[1])));

/** Notes the secrets among the options of a sink, so that they are kept out of everything that is told. */
export const addSecrets = (
  section: Section,
  type: SinkOptionsType,
  options: Readonly<Record<string, unknown>>,
): void => {
  for (const [option, value] of Object.entries(options)) {
    const parts: readonly (readonly [Path, unknown])[] =
      typeof value === 'object' && value !== null
        ? Object.entries(value).map(([key, inner]) => [[option, key], inner])
        : [[[option], value]];
    for (const [path, part] of parts)
      if (typeof part === 'string' && isSecretOption(type, path)) addSecret(section, part);
  }
};

/** Files that `NAME_FILE` variables named for anything in a sink; those that hold its secrets are guarded. */
export const filesOfReferences = (
  section: Section,
  sink: Path,
  value: object,
  type: SinkOptionsType,
): readonly string[] => {
  const visit = (at: Path, inner: unknown): readonly string[] => {
    const path = [...sink, ...at];
    if (Array.isArray(inner)) return inner.flatMap((item, index) => visit([...at, index], item));
    if (typeof inner === 'object' && inner !== null)
      return Object.entries(inner).flatMap(([key, item]) => visit([...at, key], item));
    const files = section.tree.place(path)?.files ?? [];
    if (isSecretOption(type, at) && !isCertificate(String(inner)))
      for (const file of files) section.guardSecretFile(path, file);
    return files;
  };
  return visit([], value);
};

const addSecret = (section: Section, value: string): void => {
  // A certificate is public, and long enough to slow down every line that is searched for it.
  if (isCertificate(value)) return;
  section.known.add(value);
  if (value.startsWith('-----')) {
    // Any line of a private key is too much of it.
    for (const line of value.split(/\s*\n\s*/)) if (/^[\w+/=]{32,}$/.test(line)) section.known.add(line);
    return;
  }
  // Several secrets in one text, while they are being changed; or a scheme and its credential in a header.
  const words = value.split(/\s+/);
  if (words.length > 1) for (const word of words) if (word.length >= 8) section.known.add(word);
  for (const word of words) if (word.startsWith('whsec_')) section.known.add(word.slice('whsec_'.length));
};
