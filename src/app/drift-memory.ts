import type { DriftStore } from '../core/drift.ts';
import { createDriftWatch, type DriftWatch } from '../core/notice-drift.ts';

/** What is known of the form of an account's trail, read from the store when it is first needed. */
export interface DriftMemory {
  load(): Promise<DriftWatch>;
  /** Drops what a commit that failed has made of it. */
  forget(): void;
}

/** Makes a {@link DriftMemory}. */
export const createDriftMemory = (
  account: string,
  store: Pick<DriftStore, 'known'>,
  learnMs: number,
): DriftMemory => {
  let watch: DriftWatch | undefined;
  return {
    async load() {
      watch ??= createDriftWatch(await store.known(account), learnMs);
      return watch;
    },
    forget() {
      watch = undefined;
    },
  };
};
