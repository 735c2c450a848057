/** One request the simulator has seen. Never holds a secret. */
interface SeenRequest {
  /** Running number, from 1. */
  readonly number: number;
  /** Key of the account as the request claimed it; '' without Basic authorisation. */
  readonly account: string;
  readonly method: string;
  /** Path without the query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** When its headers were read. Epoch ms of the simulator's clock. */
  readonly atMs: number;
  /** What was answered; 0 while it is under way, or when the connection ended without an answer. */
  readonly status: number;
  /** Whether the answer was handed over completely. */
  readonly complete: boolean;
}

/** What the simulator has seen. */
export interface RequestLog {
  /** The newest requests, oldest first; bounded. Of one account when it is named. */
  list(account?: string): readonly SeenRequest[];
  /** How many have come in so far, also those no longer listed. */
  count(account?: string): number;
  /** How many have ended with this status. */
  countStatus(status: number, account?: string): number;
  /** How many of an account's requests were ever under way at once. */
  maxConcurrent(account: string): number;
  /** Resolves after the first begin or end of a request at which `holds` is true; at once when it already is. */
  until(holds: (log: RequestLog) => boolean): Promise<void>;
}

/** The side of a {@link RequestLog} that the server writes. */
export interface RequestRecorder extends RequestLog {
  begin(request: Pick<SeenRequest, 'account' | 'method' | 'path' | 'query' | 'atMs'>): {
    end(status: number, complete: boolean): void;
  };
}

interface AccountCounts {
  seen: number;
  underWay: number;
  maxUnderWay: number;
  readonly statuses: Map<number, number>;
}

/** Makes an empty log that lists the newest `keep` requests. */
export const createRequestLog = (keep: number): RequestRecorder => {
  let listed: (SeenRequest & { status: number; complete: boolean })[] = [];
  let seen = 0;
  const accounts = new Map<string, AccountCounts>();
  const waiting = new Set<() => void>();

  const countsOf = (account: string): AccountCounts => {
    const counts = accounts.get(account) ?? { seen: 0, underWay: 0, maxUnderWay: 0, statuses: new Map() };
    accounts.set(account, counts);
    return counts;
  };

  const log: RequestRecorder = {
    begin(request) {
      seen += 1;
      const entry = { ...request, number: seen, status: 0, complete: false };
      listed.push(entry);
      // Cut in large steps, so that a request costs O(1) on average.
      if (listed.length > keep * 2) listed = listed.slice(-keep);
      const counts = countsOf(request.account);
      counts.seen += 1;
      counts.underWay += 1;
      counts.maxUnderWay = Math.max(counts.maxUnderWay, counts.underWay);
      for (const look of waiting) look();
      return {
        end(status, complete) {
          entry.status = status;
          entry.complete = complete;
          counts.underWay -= 1;
          counts.statuses.set(status, (counts.statuses.get(status) ?? 0) + 1);
          for (const look of waiting) look();
        },
      };
    },
    list: (account) =>
      listed.slice(-keep).filter((request) => account === undefined || request.account === account),
    count: (account) => (account === undefined ? seen : (accounts.get(account)?.seen ?? 0)),
    countStatus(status, account) {
      const counted = account === undefined ? [...accounts.values()] : [countsOf(account)];
      return counted.reduce((sum, counts) => sum + (counts.statuses.get(status) ?? 0), 0);
    },
    maxConcurrent: (account) => accounts.get(account)?.maxUnderWay ?? 0,
    until: (holds) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!holds(log)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
  };
  return log;
};
