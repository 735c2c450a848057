/** What every command works with. */
export interface CommandContext {
  /** Aborts when the process was asked to stop. */
  readonly signal: AbortSignal;
  /** Sets the exit code; 0 unless set. */
  exit(code: number): void;
}

/** Exit codes: done; it failed; the command line, the configuration or a rule is wrong. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;
