import { useMemo, useState } from 'preact/hooks';
import { notify } from '../data/announce.ts';
import { type DiffLine, diffJson, jsonLines } from '../data/json-diff.ts';
import { Icon } from './icon.tsx';
import { Text } from './text.tsx';

const kindOf = (text: string): string =>
  text.startsWith('"') ? 'string' : /^[[\]{}]+$/.test(text) ? 'mark' : 'number';

const Side = ({ line, text }: { readonly line: DiffLine; readonly text: string | undefined }) => {
  if (text === undefined) return <span class="code-side empty-side" />;
  return (
    <span class="code-side">
      <span class={`indent d${Math.min(line.depth, 12)}`}>
        {line.key !== undefined && (
          <>
            <span class="t-key">
              <Text value={JSON.stringify(line.key)} />
            </span>
            <span class="t-mark">: </span>
          </>
        )}
        <span class={`t-${kindOf(text)}`}>
          <Text value={text} max={20_000} />
        </span>
      </span>
    </span>
  );
};

/** A JSON value, one member a line. Hidden characters are made visible. */
export const JsonView = ({ value, label }: { readonly value: unknown; readonly label: string }) => {
  const lines = useMemo(() => jsonLines(value), [value]);
  return (
    <div class="code json" role="region" aria-label={label} tabIndex={0}>
      {lines.map((line, at) => (
        <div key={at} class="code-line">
          <Side line={line} text={line.after} />
        </div>
      ))}
    </div>
  );
};

export const CopyButton = ({ text, label }: { readonly text: () => string; readonly label: string }) => (
  <button
    type="button"
    class="button small quiet"
    onClick={() => {
      navigator.clipboard.writeText(text()).then(
        () => notify('Copied.'),
        () => notify('The browser did not let us copy.', 'bad'),
      );
    }}
  >
    <Icon name="copy" size={14} /> {label}
  </button>
);

const MARKS = { same: '', changed: 'changed', added: 'added', removed: 'removed' } as const;
const SIGNS = { same: ' ', changed: '~', added: '+', removed: '−' } as const;

/** Two JSON values beside each other. */
export const JsonDiff = ({
  before,
  after,
  beforeLabel,
  afterLabel,
}: {
  readonly before: unknown;
  readonly after: unknown;
  readonly beforeLabel: string;
  readonly afterLabel: string;
}) => {
  const [only, setOnly] = useState(false);
  const lines = useMemo(() => diffJson(before, after), [before, after]);
  const differ = lines.filter(({ mark }) => mark !== 'same').length;
  const shown = only ? lines.filter(({ mark }) => mark !== 'same') : lines;
  return (
    <>
      <p class="diff-bar">
        <span class="muted">
          {differ === 0
            ? 'The two are the same.'
            : `${differ} ${differ === 1 ? 'line differs' : 'lines differ'}.`}
        </span>
        <label class="check">
          <input type="checkbox" checked={only} onChange={(event) => setOnly(event.currentTarget.checked)} />{' '}
          Only differences
        </label>
      </p>
      <div class="code diff" role="region" aria-label="Comparison with the event before" tabIndex={0}>
        <div class="diff-line diff-head">
          <span class="diff-sign" />
          <span class="code-side">{beforeLabel}</span>
          <span class="code-side">{afterLabel}</span>
        </div>
        {shown.map((line, at) => (
          <div key={at} class={`diff-line ${MARKS[line.mark]}`}>
            <span class="diff-sign">
              <span aria-hidden="true">{SIGNS[line.mark]}</span>
              {line.mark !== 'same' && <span class="sr">{line.mark}</span>}
            </span>
            <Side line={line} text={line.before} />
            <Side line={line} text={line.after} />
          </div>
        ))}
      </div>
    </>
  );
};
