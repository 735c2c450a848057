import type { Command } from 'commander';
export const registerCompletion = (_program: Command): void => {};
