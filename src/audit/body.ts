import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib';
import { errorCode } from '../base/errors.ts';
import { ReadFailure } from './failure.ts';

const decoders = {
  gzip: promisify(gunzip),
  br: promisify(brotliDecompress),
  zlib: promisify(inflate),
  deflate: promisify(inflateRaw),
};

/** A usual page unpacks in one step; zlib's own 16 KiB would take five, each a trip to another thread. */
const CHUNK_BYTES = 131_072;

/** The failure of an answer above the limit. */
export const tooLarge = (maxBytes: number): ReadFailure =>
  // The same question gets the same answer: asking again would only move the same gigabytes again.
  new ReadFailure('invalid', `the body is larger than the allowed ${maxBytes} bytes`, {
    retry: false,
    tooLarge: true,
  });

/**
 * All bytes of a body, at most `maxBytes`. More of them: rejects with a {@link ReadFailure}, or, when `cut`, resolves
 * with the first ones. Leaving the loop early destroys the stream and with it the connection: nothing is read on.
 */
export const readBytes = async (
  stream: AsyncIterable<Buffer>,
  maxBytes: number,
  cut: boolean,
): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > maxBytes && !cut) throw tooLarge(maxBytes);
    chunks.push(chunk);
    if (size > maxBytes) break;
  }
  return Buffer.concat(chunks, Math.min(size, maxBytes));
};

const decoderOf = (coding: string, bytes: Buffer): (typeof decoders)['gzip'] | undefined => {
  if (coding === 'gzip' || coding === 'x-gzip') return decoders.gzip;
  if (coding === 'br') return decoders.br;
  if (coding !== 'deflate') return undefined;
  // HTTP's `deflate` is the zlib format (RFC 9110, 8.4.1.2), but some servers send it without the zlib header.
  return bytes.length > 0 && ((bytes[0] as number) & 0x0f) === 8 ? decoders.zlib : decoders.deflate;
};

/**
 * Undoes the `Content-Encoding` of a body. The result is bounded while it grows, so that a small body that unpacks
 * into gigabytes costs `maxBytes` of memory and an error.
 */
export const decodeBody = async (bytes: Buffer, encoding: string, maxBytes: number): Promise<Buffer> => {
  const codings = encoding
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'identity');
  if (codings.length > 2)
    throw new ReadFailure('invalid', 'the body is encoded more than twice', { retry: false });
  let decoded = bytes;
  for (const coding of codings.toReversed()) {
    const decode = decoderOf(coding, decoded);
    if (!decode)
      throw new ReadFailure(
        'invalid',
        `the body has Content-Encoding ${JSON.stringify(coding.slice(0, 20))}, allowed are gzip, deflate and br`,
        { retry: false },
      );
    try {
      decoded = await decode(decoded, { maxOutputLength: maxBytes, chunkSize: CHUNK_BYTES });
    } catch (error) {
      if (errorCode(error) === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes);
      throw new ReadFailure('invalid', `the body is no ${coding}, or is cut off`, { retry: true });
    }
  }
  return decoded;
};
