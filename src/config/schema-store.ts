import { z } from 'zod';
import { duration, text, whole } from './values.ts';

const store = z.strictObject({
  path: text()
    .refine((value) => !value.includes('\0') && !value.startsWith(':memory:') && !value.startsWith('file:'), {
      error: 'allowed: the path of a file',
    })
    .prefault('data/monitor.db')
    .describe('The database file (SQLite), relative to the working directory. Not with `url`.'),
  url: text()
    .optional()
    .describe(
      'A database on PostgreSQL 14 or later instead of the file ([scale.md](scale.md)): `postgres://user:password@host:port/database`. A secret.',
    )
    .meta({ allowed: 'postgres:// URL' }),
  url_file: text().optional().describe('A file that holds the `url`.'),
  tls: z
    .strictObject({
      ca: text()
        .optional()
        .describe('A file with the certificates that the server is known by. Absent: those of Node.'),
      cert: text().optional().describe('A file with a certificate of our own.'),
      key: text().optional().describe('A file with its key.'),
      servername: text()
        .optional()
        .describe('The name in the certificate of the server, when it is not the host of the `url`.'),
    })
    .optional()
    .describe(
      'Encrypts the connection to the database and checks who answers. Absent: as the `url` says (`sslmode`).',
    ),
  lease: duration('2s', '1m', '10s').describe(
    'How long what a replica holds stays its own without a word from it: so long after a crash another takes over. Only with a database.',
  ),
  pool_size: whole(2, 100)
    .optional()
    .describe(
      'Connections to the database at a time, for all work; one more listens, and one is for the beats of a replica. Absent: 10.',
    ),
  retention: duration('1h', '36500d', '400d').describe(
    'How long events, alerts and attempts are kept. Longer than `poll.overlap`.',
  ),
});

/** Where what was read is kept. */
export const STORE_SECTIONS = {
  store: store.prefault({}).describe('What is remembered, and for how long.'),
} as const;
