const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** A window of about so many events is a handful of requests, between which the poll has its turn. */
const FEW = 50;
const MANY = 500;

/** How much time the next window should span after one of `stepMs` held so many events: from a minute to a month. */
export const nextStepMs = (stepMs: number, events: number): number => {
  if (events < FEW) return Math.min(stepMs * 2, 32 * DAY_MS);
  return events > MANY ? Math.max(Math.floor(stepMs / 2 / 1_000) * 1_000, MINUTE_MS) : stepMs;
};
