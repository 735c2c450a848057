import { errorText } from '../base/errors.ts';
import type { JsonObject } from '../base/json.ts';
import type { Log } from '../core/log.ts';

/** Whether the monitor does its work, why not, and what an operator wants to see beside it. */
export interface Readiness {
  readonly ready: boolean;
  /** Why not, for people; empty when ready. Holds no secret. */
  readonly reasons: readonly string[];
  readonly detail: JsonObject;
}

/** Asked on every `GET /readyz`. */
export interface Health {
  ready(): Promise<Readiness>;
}

/** A probe that takes longer is a "no": whoever asks has a timeout of his own, and silence tells him nothing. */
const READY_TIMEOUT_MS = 5_000;

/**
 * The answer to `/readyz`; never rejects. A check that fails or hangs is not ready. The error goes to the log alone,
 * which redacts secrets: the page is open to whoever reaches the port.
 */
export const readiness = async (
  health: Health,
  log: Log,
  timeoutMs: number = READY_TIMEOUT_MS,
): Promise<Readiness> => {
  const late = Promise.withResolvers<Readiness>();
  const timer = setTimeout(
    () => late.resolve(notReady(`the readiness check did not answer within ${timeoutMs} ms`)),
    timeoutMs,
  );
  try {
    return await Promise.race([health.ready(), late.promise]);
  } catch (error) {
    log.warn('http.error', { path: '/readyz', reason: errorText(error) });
    return notReady('the readiness check failed; the log has the error');
  } finally {
    clearTimeout(timer);
  }
};

const notReady = (reason: string): Readiness => ({ ready: false, reasons: [reason], detail: {} });
