import { matchText } from '../core/matcher.ts';
import type { Silence } from '../core/silence.ts';

/** What the table keeps of a silence. */
export interface SilenceRow {
  readonly json: string;
  readonly expired_ms: number | null;
  readonly expired_by: string | null;
}

/** What the act of adding a silence says of it: everything that decides what is hidden, and when. */
export const addedDetail = ({
  match,
  reason,
  createdAtMs,
  startsAtMs,
  endsAtMs,
  schedule,
}: Silence): string => {
  const from = startsAtMs > createdAtMs ? ` from ${new Date(startsAtMs).toISOString()}` : '';
  const during = schedule === undefined ? '' : ` during ${JSON.stringify(schedule)}`;
  return `${matchText(match)}${from} until ${new Date(endsAtMs).toISOString()}${during}: ${reason}`;
};

/** A silence as stored; its end by a person stands in columns of its own. */
export const silenceOf = ({ json, expired_ms, expired_by }: SilenceRow): Silence => ({
  ...(JSON.parse(json) as Silence),
  expired: expired_ms === null ? undefined : { atMs: expired_ms, by: expired_by ?? '' },
});
