import type { Command } from 'commander';
export const registerConfig = (_program: Command): void => {};
