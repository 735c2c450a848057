import { existsSync, rmSync } from 'node:fs';
import type { Clock } from '../core/clock.ts';
import { type PostgresPlace, placeText, type StorePlace } from '../core/store-place.ts';
import { type Copied, type CopyOptions, CopyRefused, type CopyTarget, copyStore } from './copy.ts';
import { createPrepareMonths } from './postgres-months.ts';
import { connect, connectToRead } from './sqlite-connection.ts';

/** How to copy from one place to another. */
export interface CopyPlaces extends Omit<CopyOptions, 'source' | 'target' | 'nowMs'> {
  readonly from: StorePlace;
  readonly to: StorePlace;
  readonly now: Clock;
}

/** An opened side, and how it ends. */
interface Opened<Side> {
  readonly side: Side;
  /** `whole`: the copy came about. */
  close(whole: boolean): Promise<void>;
}

/**
 * Copies the store at a place to another place, where there must be none, or an empty one. Rejects with a StoreError, or with
 * {@link CopyRefused}; then nothing was copied.
 */
export const copyPlaces = async ({ from, to, now, ...options }: CopyPlaces): Promise<Copied> => {
  const source = from.kind === 'sqlite' ? sourceFile(from.path) : await sourceDatabase(from);
  let whole = false;
  try {
    const target = to.kind === 'sqlite' ? targetFile(to.path) : await targetDatabase(to, now);
    try {
      const copied = await copyStore({ ...options, source: source.side, target: target.side, nowMs: now() });
      whole = true;
      return copied;
    } finally {
      await target.close(whole);
    }
  } finally {
    await source.close(whole);
  }
};

const sourceFile = (path: string): Opened<CopyTarget> => {
  const connection = connectToRead(path);
  return { side: { connection, name: path }, close: async () => connection.close() };
};

const targetFile = (path: string): Opened<CopyTarget> => {
  const isNew = !existsSync(path);
  if (!isNew && existsSync(`${path}-wal`))
    throw new CopyRefused(`${path}: there is a store in use; name a file that is not there`);
  const connection = connect({ path, durability: 'full' });
  return {
    side: { connection, name: path },
    async close(whole) {
      connection.close();
      // What we have made and not filled would look like a store in which nothing has happened.
      if (!whole && isNew)
        for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
    },
  };
};

const sourceDatabase = async (place: PostgresPlace): Promise<Opened<CopyTarget>> => {
  const { connectChecked } = await import('./open-postgres.ts');
  const connection = await connectChecked(place, 'read');
  return { side: { connection, name: placeText(place) }, close: () => connection.close() };
};

const targetDatabase = async (place: PostgresPlace, now: Clock): Promise<Opened<CopyTarget>> => {
  const { connectChecked } = await import('./open-postgres.ts');
  const connection = await connectChecked(place, 'write');
  return {
    side: { connection, name: placeText(place), prepareMonths: (run) => createPrepareMonths(run, now) },
    close: () => connection.close(),
  };
};
