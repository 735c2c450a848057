import type { Silence } from '../core/silence.ts';

/** What the table keeps of a silence. */
export interface SilenceRow {
  readonly json: string;
  readonly expired_ms: number | null;
  readonly expired_by: string | null;
}

/** A silence as stored; its end by a person stands in columns of its own. */
export const silenceOf = ({ json, expired_ms, expired_by }: SilenceRow): Silence => ({
  ...(JSON.parse(json) as Silence),
  expired: expired_ms === null ? undefined : { atMs: expired_ms, by: expired_by ?? '' },
});
