import { readFileSync, statSync } from 'node:fs';
import { errorCode, errorText } from '../base/errors.ts';

/** No configuration, rule or secret file that people write comes near this; a larger one is a mistake or an attack. */
const MAX_FILE_BYTES = 1_048_576;

/** What reading a file came to: its text, or why not, for people. */
export type TextRead = { readonly text: string } | { readonly failure: string };

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'not readable: permission denied',
  EPERM: 'not readable: permission denied',
  ENOTDIR: 'no such file: a part of its path is not a folder',
  ELOOP: 'a symbolic link that leads back to itself',
  ENAMETOOLONG: 'no such file: the path is too long',
};

/** The reason in an error of `node:fs`, for people and without the path. */
export const fileFailure = (error: unknown): string => {
  const code = errorCode(error);
  return (code === undefined ? undefined : REASONS[code]) ?? `not readable: ${code ?? errorText(error)}`;
};

/** Reads a UTF-8 file of at most {@link MAX_FILE_BYTES}; a byte order mark is dropped. Never throws. */
export const readText = (path: string): TextRead => {
  try {
    // Looked at first: reading a named pipe would wait for a writer for ever.
    const stat = statSync(path);
    if (stat.isDirectory()) return { failure: 'a folder; allowed: a file' };
    if (!stat.isFile()) return { failure: 'neither a file nor a folder; allowed: a file' };
    if (stat.size > MAX_FILE_BYTES) return { failure: tooLarge(stat.size) };
    const bytes = readFileSync(path);
    if (bytes.length > MAX_FILE_BYTES) return { failure: tooLarge(bytes.length) };
    return decode(bytes);
  } catch (error) {
    return { failure: fileFailure(error) };
  }
};

const tooLarge = (bytes: number): string => `too large: ${bytes} bytes; allowed: at most ${MAX_FILE_BYTES}`;

const decode = (bytes: Buffer): TextRead => {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    const utf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
    return { failure: `not UTF-8${utf16 ? ' (it looks like UTF-16)' : ''}; allowed: a text file in UTF-8` };
  }
};
