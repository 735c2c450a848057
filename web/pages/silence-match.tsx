import { useEffect, useState } from 'preact/hooks';
import { get, post } from '../data/api.ts';
import { LEVELS } from '../data/levels.ts';
import { useResource } from '../data/resource.ts';
import type { Matchers, RuleList, SilencePreview } from '../data/shapes.ts';
import { counted } from '../data/time.ts';
import { LevelMark } from '../ui/marks.tsx';
import { Failed } from '../ui/states.tsx';
import { Text } from '../ui/text.tsx';
import { Time } from '../ui/time.tsx';
import { useAccounts } from './list-filters.tsx';

/** One line of a match as it is typed. */
export interface MatchLine {
  readonly key: string;
  readonly value: string;
}

/** How long typing must pause before the preview is asked for, ms. */
const PAUSE_MS = 350;

/** The value of one line of a match, with what is known to choose from. */
export const MatchValue = ({
  row,
  first,
  onChange,
}: {
  readonly row: MatchLine;
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

/** What a match would have hidden in the last thirty days. */
export const PreviewOf = ({ match, empty }: { readonly match: Matchers; readonly empty: boolean }) => {
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
