import type { ChainBreak } from '../core/chain.ts';
import { addedDetail, type SilenceRow, silenceOf } from './silence-rows.ts';
import { all, get, type Steps, value } from './steps.ts';

interface ActRow {
  readonly by: string;
  readonly at_ms: number;
  readonly detail: string;
  readonly position: number | null;
}

const SILENCES = 'SELECT id, ends_ms, json, expired_ms, expired_by FROM silences ORDER BY seq';
const ACT = 'SELECT by, at_ms, detail, position FROM acts WHERE subject = ? AND act = ? ORDER BY seq LIMIT 1';
const IS_WHOLE = `SELECT CASE WHEN EXISTS (SELECT 1 FROM unchained WHERE account = 0)
  OR EXISTS (SELECT 1 FROM chains WHERE account = 0 AND pruned_ms IS NOT NULL) THEN 0 ELSE 1 END`;

/**
 * The first silence that is not what the acts say was added and expired, or undefined. Acts are chained, silences are
 * not: without this, who lengthens a silence in the database would leave no trace. One whose acts were pruned, or
 * written by an older version, cannot be compared.
 */
export function* silenceBreak(): Steps<ChainBreak | undefined> {
  const isWhole = yield* value<number>(IS_WHOLE);
  for (const row of yield* all<SilenceRow & { id: string; ends_ms: number }>(SILENCES)) {
    const added = yield* get<ActRow>(ACT, row.id, 'silence.added');
    const reason = whatDiffers(row, added, yield* get<ActRow>(ACT, row.id, 'silence.expired'));
    if (reason === 'unknown' && isWhole !== 1) continue;
    if (reason === undefined) continue;
    const detail = reason === 'unknown' ? 'nobody added it: there is no act' : reason;
    return { kind: 'disagrees', position: undefined, id: row.id, detail };
  }
  return undefined;
}

const whatDiffers = (
  row: SilenceRow & { readonly id: string; readonly ends_ms: number },
  added: ActRow | undefined,
  expired: ActRow | undefined,
): string | undefined => {
  if (!added) return 'unknown';
  if (added.position === null) return undefined;
  const silence = silenceOf(row);
  const detail = addedDetail(silence);
  if (silence.id !== row.id || silence.endsAtMs !== row.ends_ms || detail !== added.detail)
    return `added as ${JSON.stringify(added.detail)}, and now says ${JSON.stringify(detail)}`;
  if (silence.author !== added.by) return `added by ${added.by}, and now says by ${silence.author}`;
  if (row.expired_ms !== null && expired?.at_ms !== row.expired_ms)
    return 'it says that it was ended early, and there is no such act';
  if (row.expired_ms === null && expired) return `${expired.by} ended it, and it is in force again`;
  return undefined;
};
