import { useEffect, useState } from 'preact/hooks';
import { notify } from '../data/announce.ts';
import { get, post } from '../data/api.ts';
import { LEVELS } from '../data/levels.ts';
import { useResource } from '../data/resource.ts';
import type { Matchers, RuleList, SilenceAnswer, SilencePreview } from '../data/shapes.ts';
import { counted, fromLocalInput, timeText } from '../data/time.ts';
import { Dialog } from '../ui/dialog.tsx';
import { Icon } from '../ui/icon.tsx';
import { LevelMark } from '../ui/marks.tsx';
import { Failed } from '../ui/states.tsx';
import { Text } from '../ui/text.tsx';
import { Time } from '../ui/time.tsx';
import { useAccounts } from './event-filters.tsx';

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

interface Row {
  readonly key: string;
  readonly value: string;
}

/** Values of one key are alternatives; keys must all hold. */
const matchOf = (rows: readonly Row[]): Matchers => {
  const match: Record<string, string[]> = {};
  for (const { key, value } of rows) {
    const text = value.trim();
    if (text !== '') match[key] = [...(match[key] ?? []), text];
  }
  return match;
};

/** How long typing must pause before the preview is asked for, ms. */
const PAUSE_MS = 350;

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
  const [rows, setRows] = useState<readonly Row[]>(start.length > 0 ? start : [{ key: 'rule', value: '' }]);
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
  const change = (at: number, row: Row): void => setRows(rows.with(at, row));
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

const MatchValue = ({
  row,
  first,
  onChange,
}: {
  readonly row: Row;
  readonly first: boolean;
  readonly onChange: (value: string) => void;
}) => {
  const accounts = useAccounts();
  const rules = useResource('rules', (signal) => get<RuleList>('/rules', {}, signal));
  const options: readonly (readonly [string, string])[] =
    row.key === 'account'
      ? accounts.map((name) => [name, name])
      : row.key === 'level'
        ? LEVELS.map((name) => [name, name])
        : row.key === 'rule'
          ? (rules.data?.items ?? []).map(({ id, title }) => [id, title])
          : row.key === 'kind'
            ? [
                ['rule', 'rule'],
                ['system', 'system'],
                ['summary', 'summary'],
                ['drill', 'drill'],
              ]
            : [];
  const id = `match-${row.key}`;
  const title = row.key === 'rule' ? options.find(([value]) => value === row.value)?.[1] : undefined;
  return (
    <span class="match-value">
      <input
        aria-label="Value"
        autofocus={first}
        list={options.length > 0 ? id : undefined}
        value={row.value}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
      {title !== undefined && (
        <span class="muted small-text">
          <Text value={title} />
        </span>
      )}
      {options.length > 0 && (
        <datalist id={id}>
          {options.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </datalist>
      )}
    </span>
  );
};

const PreviewOf = ({ match, empty }: { readonly match: Matchers; readonly empty: boolean }) => {
  const key = JSON.stringify(match);
  const [asked, setAsked] = useState(key);
  useEffect(() => {
    const timer = setTimeout(() => setAsked(key), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [key]);
  const preview = useResource(empty ? undefined : asked, (signal) =>
    post<SilencePreview>('/silences/preview', { match: JSON.parse(asked) as Matchers }, signal),
  );
  if (empty)
    return (
      <p class="preview muted">
        Say at least one thing: a silence of everything would be a monitor that is off.
      </p>
    );
  return (
    <div class="preview" aria-live="polite">
      {preview.error && <Failed error={preview.error} />}
      {preview.data && (
        <>
          <p>
            {preview.data.alerts === 0 ? (
              'It would have hidden nothing in the last 30 days.'
            ) : (
              <>
                It would have hidden <strong>{counted(preview.data.alerts, 'alert')}</strong> in the last 30
                days{preview.data.examples.length > 0 ? ', such as' : ''}
              </>
            )}
          </p>
          <ul class="plain">
            {preview.data.examples.slice(0, 4).map((alert) => (
              <li key={alert.id} class="preview-line">
                <LevelMark level={alert.level} />
                <span class="cut">
                  <Text value={alert.rule.title} max={100} />
                </span>
                <Time at={alert.decided_at} />
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
};
