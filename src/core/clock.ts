/** Epoch milliseconds. Injected everywhere, so that a test owns the time. */
export type Clock = () => number;

/** A number in [0, 1). Injected wherever jitter is drawn. */
export type Random = () => number;
