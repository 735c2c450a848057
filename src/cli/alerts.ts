import type { Command } from 'commander';
export const registerAlerts = (_program: Command): void => {};
