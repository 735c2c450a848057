import { existsSync } from 'node:fs';
import { sqliteVersion } from '../store/sqlite-version.ts';
import { packageVersion } from './version.ts';

/** What runs here: for reports of defects, and to see whether an upgrade has arrived. */
export const builtWith = (): {
  readonly version: string;
  readonly node: string;
  readonly sqlite: string;
  readonly platform: string;
  /** Whether it runs from source or as it was built. */
  readonly build: 'source' | 'compiled';
} => ({
  version: packageVersion(),
  node: process.versions.node,
  sqlite: sqliteVersion(),
  platform: `${process.platform} ${process.arch}`,
  build: existsSync(new URL('./built-with.ts', import.meta.url)) ? 'source' : 'compiled',
});
