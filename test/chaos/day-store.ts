import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StorePlace } from '../../src/core/store-place.ts';
import type { FaultProxy } from '../support/fault-proxy.ts';
import { mountVolume } from '../support/volume.ts';
import type { DatabaseFault } from './trouble.ts';

/** Where the monitor of a day keeps everything, and what can become of it. */
export interface DayStore {
  readonly kind: StorePlace['kind'];
  /** The way there of one process: what its configuration says, and the link that faults are put on (none to a file). */
  way(): Promise<{ readonly settings: object; readonly link?: FaultProxy }>;
  /** For people at the command line and who looks at what is left: past all faults. */
  place(): StorePlace;
  /** A process that uses it is killed. What it was writing is written whole or not at all. */
  kill(): void;
  /** From now on nothing can be written; false where that cannot be done. */
  fill(): Promise<boolean>;
  free(): Promise<void>;
  /** Something else happens to it; answers how that ends. Undefined where it cannot happen. */
  inflict(fault: DatabaseFault): Promise<(() => Promise<void>) | undefined>;
  /** Whether somebody can write to it right now. */
  isUsable(): boolean;
  /** Everything in it, to look for what must not be. */
  text(): Promise<string>;
  close(): Promise<void>;
}

const VOLUME_MB = 1_024;

/** A file. `mayFill`: it gets a file system of its own (nobody but root may have one: then it is never full). */
export const createSqliteDay = (folder: string, mayFill: boolean): DayStore => {
  const base = join(folder, 'volume');
  const volume = mayFill ? mountVolume(base, VOLUME_MB) : undefined;
  if (!volume) mkdirSync(base, { recursive: true });
  let lives = 0;
  let isFull = false;
  let path = join(base, 'data-0', 'monitor.db');
  const files = (): readonly string[] => [path, `${path}-wal`].filter((file) => existsSync(file));
  return {
    kind: 'sqlite',
    way: async () => ({ settings: { path } }),
    place: () => ({ kind: 'sqlite', path }),
    kill() {
      // The ghost of the process writes on for a moment, and must not write here.
      const next = join(base, `data-${(lives += 1)}`);
      mkdirSync(next);
      for (const file of files()) copyFileSync(file, join(next, file.slice(file.lastIndexOf('/') + 1)));
      path = join(next, 'monitor.db');
    },
    async fill() {
      volume?.fill();
      isFull = volume !== undefined;
      return isFull;
    },
    async free() {
      volume?.grow(VOLUME_MB);
      isFull = false;
    },
    inflict: async () => undefined,
    isUsable: () => !isFull,
    text: async () =>
      files()
        .map((file) => readFileSync(file, 'latin1'))
        .join(''),
    close: async () => volume?.remove(),
  };
};
