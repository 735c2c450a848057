import type { Command } from 'commander';
export const registerState = (_program: Command): void => {};
