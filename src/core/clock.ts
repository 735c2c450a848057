/** Epoch milliseconds. Injected everywhere, so that a test owns the time. */
export type Clock = () => number;

/**
 * Milliseconds since some fixed moment, never set by anybody: says how much time has passed whatever happens to the
 * clock. It stands still while the machine sleeps.
 */
export type Ticks = () => number;

/** A number in [0, 1). Injected wherever jitter is drawn. */
export type Random = () => number;
