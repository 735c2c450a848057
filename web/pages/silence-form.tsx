import { useState } from 'preact/hooks';
import { notify } from '../data/announce.ts';
import { post } from '../data/api.ts';
import type { Matchers, SilenceAnswer } from '../data/shapes.ts';
import { fromLocalInput, timeText } from '../data/time.ts';
import { Dialog } from '../ui/dialog.tsx';
import { Icon } from '../ui/icon.tsx';
import { Failed } from '../ui/states.tsx';
import { type MatchLine, MatchValue, PreviewOf } from './silence-match.tsx';

const KEYS = [
  ['rule', 'Rule (id)'],
  ['account', 'Account'],
  ['level', 'Level'],
  ['event_type', 'Event type'],
  ['kind', 'Kind'],
  ['tag', 'Tag'],
] as const;
const DURATIONS = [
  ['1h', '1 hour'],
  ['4h', '4 hours'],
  ['12h', '12 hours'],
  ['1d', '1 day'],
  ['7d', '1 week'],
  ['', 'until …'],
] as const;

/** Values of one key are alternatives; keys must all hold. */
const matchOf = (rows: readonly MatchLine[]): Matchers => {
  const match: Record<string, string[]> = {};
  for (const { key, value } of rows) {
    const text = value.trim();
    if (text !== '') match[key] = [...(match[key] ?? []), text];
  }
  return match;
};

/** A new silence, with what it would have hidden in the last thirty days. */
export const SilenceForm = ({
  given,
  onClose,
  onDone,
}: {
  readonly given: Readonly<Record<string, string>>;
  readonly onClose: () => void;
  readonly onDone: () => void;
}) => {
  const start = Object.entries(given).map(([key, value]) => ({ key, value }));
  const [rows, setRows] = useState<readonly MatchLine[]>(
    start.length > 0 ? start : [{ key: 'rule', value: '' }],
  );
  const [duration, setDuration] = useState('4h');
  const [until, setUntil] = useState('');
  const [reason, setReason] = useState('');
  const [weekly, setWeekly] = useState(false);
  const [days, setDays] = useState('');
  const [hours, setHours] = useState('');
  const [error, setError] = useState<Error | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  const match = matchOf(rows);
  const empty = Object.keys(match).length === 0;
  const submit = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      const ends = duration === '' ? { ends_at: fromLocalInput(until) } : { duration };
      const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
      const schedule = weekly
        ? {
            schedule: {
              ...(days === '' ? {} : { days }),
              ...(hours === '' ? {} : { hours }),
              timezone: zone,
            },
          }
        : {};
      const made = await post<SilenceAnswer>('/silences', {
        match,
        reason: reason.trim(),
        ...ends,
        ...schedule,
      });
      notify(`Silenced until ${timeText(Date.parse(made.ends_at), Date.now())}.`);
      onDone();
      onClose();
    } catch (cause) {
      setError(cause instanceof Error ? cause : new Error(String(cause)));
      setBusy(false);
    }
  };
  const change = (at: number, row: MatchLine): void => setRows(rows.with(at, row));
  return (
    <Dialog title="New silence" wide onClose={onClose}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <fieldset>
          <legend>Alerts for which all of this holds</legend>
          {rows.map((row, at) => (
            <div key={at} class="match-row">
              <select
                aria-label="What"
                value={row.key}
                onChange={(event) => change(at, { ...row, key: event.currentTarget.value })}
              >
                {KEYS.map(([key, text]) => (
                  <option key={key} value={key}>
                    {text}
                  </option>
                ))}
              </select>
              <MatchValue row={row} first={at === 0} onChange={(value) => change(at, { ...row, value })} />
              <button
                type="button"
                class="button icon-only quiet"
                aria-label="Take out this line"
                disabled={rows.length === 1}
                onClick={() => setRows(rows.filter((_, place) => place !== at))}
              >
                <Icon name="close" />
              </button>
            </div>
          ))}
          <button
            type="button"
            class="button small quiet"
            onClick={() => setRows([...rows, { key: 'account', value: '' }])}
          >
            <Icon name="plus" size={14} /> One more
          </button>
          <p class="muted small-text">
            <code>!value</code> means not, <code>~expression</code> a regular expression; lines of one kind
            are alternatives.
          </p>
        </fieldset>
        <PreviewOf match={match} empty={empty} />
        <div class="form-row">
          <label class="field">
            <span>For</span>
            <select value={duration} onChange={(event) => setDuration(event.currentTarget.value)}>
              {DURATIONS.map(([value, text]) => (
                <option key={value} value={value}>
                  {text}
                </option>
              ))}
            </select>
          </label>
          {duration === '' && (
            <label class="field">
              <span>Until</span>
              <input
                type="datetime-local"
                required
                value={until}
                onInput={(event) => setUntil(event.currentTarget.value)}
              />
            </label>
          )}
          <label class="field grow">
            <span>Reason</span>
            <input
              required
              maxLength={500}
              placeholder="key rotation, ticket 4711"
              value={reason}
              onInput={(event) => setReason(event.currentTarget.value)}
            />
          </label>
        </div>
        <label class="check">
          <input
            type="checkbox"
            checked={weekly}
            onChange={(event) => setWeekly(event.currentTarget.checked)}
          />{' '}
          Only at some hours of the week
        </label>
        {weekly && (
          <div class="form-row">
            <label class="field">
              <span>Days</span>
              <input
                placeholder="mon-fri"
                value={days}
                onInput={(event) => setDays(event.currentTarget.value.trim())}
              />
            </label>
            <label class="field">
              <span>Hours, your zone</span>
              <input
                placeholder="02:00-04:00"
                value={hours}
                onInput={(event) => setHours(event.currentTarget.value.trim())}
              />
            </label>
          </div>
        )}
        {error && <Failed error={error} />}
        <div class="form-actions">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="button primary" disabled={busy || empty}>
            Silence
          </button>
        </div>
      </form>
    </Dialog>
  );
};
