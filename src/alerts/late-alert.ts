import { formatDuration } from '../base/duration.ts';
import type { Alert } from '../core/alert.ts';

/** The alert of an event that was found `lateMs` after it happened, when the trail of that time had long been read. */
export const lateAlert = (alert: Alert, lateMs: number): Alert => {
  const late = formatDuration(Math.max(0, lateMs));
  return {
    ...alert,
    message: `${alert.message} (late by ${late}: the Audit API did not show it before)`,
    fields: [...alert.fields, { name: 'Late by', value: late }],
  };
};
