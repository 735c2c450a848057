import type { Migration } from './migration.ts';

const QUIET_WINDOWS = (small: string): string => `
  -- Whether what is told of a window's events goes nowhere: rules over all accounts judge them later, by themselves.
  ALTER TABLE windows ADD COLUMN quiet ${small} NOT NULL DEFAULT 0;
  CREATE INDEX windows_quiet ON windows (committed_ms) WHERE quiet = 1;
  `;

export const quietWindows: Migration = {
  sqlite: QUIET_WINDOWS('INTEGER'),
  postgres: QUIET_WINDOWS('smallint'),
};
