import type { AlertField } from '../core/alert.ts';
import type { ChainHead } from '../core/chain.ts';

/** Most heads that one alert carries; hundreds of accounts would make it unreadable, and the log has them all. */
const MAX_HEADS_SHOWN = 20;

/** The heads as fields of an alert: a copy outside that its receiver keeps. */
export const headFields = (heads: readonly ChainHead[]): readonly AlertField[] =>
  heads.slice(0, MAX_HEADS_SHOWN).map(({ chain, account, position, hash }) => ({
    name: chain === 'acts' ? 'Chain of acts' : `Chain of ${account}`,
    value: `${position} ${hash}`,
  }));
