/** Proof of holding a lease. The token grows with every change of holder, so a woken sleeper cannot write. */
export interface Lease {
  readonly name: string;
  readonly holder: string;
  readonly token: number;
  /**
   * The life of the database server that it was taken or renewed under. Another one may lack the last commits (a failover), and
   * what is remembered of them is worth nothing there: it counts as lost. Left out: it is good under any.
   */
  readonly server?: string;
}

/** Who may act when several processes share a store. */
export interface Leases {
  /** Takes the lease when free, expired or already ours; else says who holds it until when. */
  acquire(
    name: string,
    holder: string,
    ttlMs: number,
  ): Promise<{ readonly lease: Lease } | { readonly held: Lease; readonly expiresAtMs: number }>;
  /** Extends by `ttlMs` from now; false when the lease was lost in the meantime. */
  renew(lease: Lease, ttlMs: number): Promise<boolean>;
  /** Ends the lease at once if holder and token still are the current ones (ours, or a holder known to be dead). */
  release(lease: Lease): Promise<void>;
}

/** A write was refused since the lease it was made under has passed to another holder. Nothing was written. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}
