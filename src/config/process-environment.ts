import type { Environment } from './environment.ts';

/** The environment of this process; asked for here alone, so that everything else is told what it may see. */
export const processEnvironment = (): Environment => process.env;
