import type { Window } from './window.ts';

/** A person's wish to have read what was never read. */
export interface BackfillRequest extends Window {
  readonly id: string;
  readonly account: string;
  /** Alerts are sent as routes say; else they are recorded and told to nobody. */
  readonly notify: boolean;
  readonly requestedAtMs: number;
  readonly by: string;
  /** How much of the window had not been read when it was asked for: the whole of the progress bar. */
  readonly unreadMs: number;
}

/** `waiting`: not done yet. `failed`: given up after too many failures; what was read stays. */
export type BackfillState = 'waiting' | 'done' | 'cancelled' | 'failed';

/** A request and what came of it so far. How far it is, the ledger says. */
export interface Backfill extends BackfillRequest {
  readonly state: BackfillState;
  readonly events: number;
  readonly alerts: number;
  /** Why it does not get on, or why it ended; '' when there is nothing to say. */
  readonly detail: string;
}

/** Requests wait here for whoever holds the lease: only that process may judge events, since it has the rules' memory. */
export interface Backfills {
  request(request: BackfillRequest): Promise<void>;
  find(id: string): Promise<Backfill | undefined>;
  /** Those of an account that are not done, oldest first. */
  waiting(account: string): Promise<readonly Backfill[]>;
  /** Names of the accounts that have such. */
  waitingAccounts(): Promise<ReadonlySet<string>>;
  /** Says why a waiting one does not get on; '' when it does. */
  note(id: string, detail: string): Promise<void>;
  /** Ends a waiting one; false when it has ended before. */
  end(id: string, state: Exclude<BackfillState, 'waiting'>, detail: string, nowMs: number): Promise<boolean>;
}
