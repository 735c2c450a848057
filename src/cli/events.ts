import type { Command } from 'commander';
export const registerEvents = (_program: Command): void => {};
