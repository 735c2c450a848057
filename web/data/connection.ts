import { createCell } from './cell.ts';

/** Whether the monitor answers, as far as the last request tells. */
export type Connection =
  | { readonly state: 'up' }
  | { readonly state: 'down'; readonly sinceMs: number; readonly reason: string };

export const connection = createCell<Connection>({ state: 'up' });

/** Counts up each time the monitor is back after it did not answer: what was loaded before is old then. */
export const comebacks = createCell(0);

export const noteUp = (): void => {
  if (connection.get().state === 'up') return;
  connection.set({ state: 'up' });
  comebacks.set(comebacks.get() + 1);
};

export const noteDown = (reason: string): void => {
  if (connection.get().state === 'down') return;
  connection.set({ state: 'down', sinceMs: Date.now(), reason });
};
