import { parseSingle } from '../audit/page.ts';
import { isObject, own } from '../base/json.ts';
import { type AuditEvent, byTime } from '../core/event.ts';

/** Of whom events are that say nothing about it. */
const NOBODY = 'default';

/** What an export adds to an event: of which account it is, for one. */
const NOTED = '_monitor';

/** The event on a line of a file: of `account`, or, where that is undefined, of the account that an export has noted with it. */
export const eventOfLine = (text: string, account: string | undefined): ReturnType<typeof parseSingle> => {
  const parsed = parseSingle(account ?? NOBODY, text);
  if (account !== undefined || !('value' in parsed)) return parsed;
  const noted = own(parsed.value.fields, NOTED);
  const name = isObject(noted) ? own(noted, 'account') : undefined;
  return typeof name === 'string' && name !== '' ? { value: { ...parsed.value, account: name } } : parsed;
};

/** In order of time; of two accounts two events may have one id. */
export const byTimeAndAccount = (a: AuditEvent, b: AuditEvent): number =>
  byTime(a, b) || (a.account < b.account ? -1 : a.account > b.account ? 1 : 0);
