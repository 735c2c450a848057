import type { Level } from './shapes.ts';

/** Most severe first. */
export const LEVELS: readonly Level[] = ['critical', 'high', 'medium', 'low', 'informational'];

/** How many bars of five a level has. */
export const levelRank = (level: Level): number => LEVELS.length - LEVELS.indexOf(level);
