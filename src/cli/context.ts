/** What every command works with. */
export interface CommandContext {
  /** Aborts when the process was asked to stop. */
  readonly signal: AbortSignal;
  /** Has `listener` called for every SIGHUP, which otherwise asks to stop as the other signals do. */
  onHangup(listener: () => void): void;
  /** Sets the exit code; 0 unless set. */
  exit(code: number): void;
}

/** Exit codes: done; it failed; the command line, the configuration or a rule is wrong. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;
