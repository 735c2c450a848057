import type { DriftEntry, DriftStore } from '../core/drift.ts';
import { createDriftWatch, type DriftWatch } from '../core/notice-drift.ts';

/** What is known of the form of an account's trail, read from the store when it is first needed. */
export interface DriftMemory {
  load(): Promise<DriftWatch>;
  /** What the store knows. Whoever asks for this first spares {@link load} the question. */
  known(): Promise<readonly DriftEntry[]>;
  /** Drops what a commit that failed has made of it. */
  forget(): void;
}

/** Makes a {@link DriftMemory}. */
export const createDriftMemory = (
  account: string,
  store: Pick<DriftStore, 'known'>,
  learnMs: number,
): DriftMemory => {
  let entries: readonly DriftEntry[] | undefined;
  let watch: DriftWatch | undefined;
  return {
    async load() {
      watch ??= createDriftWatch(entries ?? (await store.known(account)), learnMs);
      entries = undefined;
      return watch;
    },
    async known() {
      entries = await store.known(account);
      return entries;
    },
    forget() {
      entries = undefined;
      watch = undefined;
    },
  };
};
