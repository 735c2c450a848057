import { formatDuration } from '../base/duration.ts';

/* Times for people: UTC in every command, to the second. */

const MINUTE_MS = 60_000;

/** `2026-01-31 12:00:00`; `-` when there is none. The head of a column says that it is UTC. */
export const timeCell = (iso: string | null | undefined): string =>
  iso === null || iso === undefined ? '-' : `${iso.slice(0, 10)} ${iso.slice(11, 19)}`;

/** `2026-01-31 12:00:00 UTC`, for sentences. */
export const timeText = (iso: string): string => `${timeCell(iso)} UTC`;

/** How long something took or is away, in one or two units: `5s`, `2m 5s`, `3d 4h`. */
export const spanText = (ms: number): string =>
  ms < 1_000 ? '0s' : formatDuration(ms < MINUTE_MS ? Math.round(ms / 1_000) * 1_000 : ms);

/** `5s ago`; `-` when there is no such time. */
export const agoCell = (iso: string | null, nowIso: string): string =>
  iso === null ? '-' : `${spanText(Math.max(Date.parse(nowIso) - Date.parse(iso), 0))} ago`;
