import { fromLocalInput, toLocalInput } from '../data/time.ts';
import { Popover } from './filters.tsx';

const RANGES = [
  ['', 'Any time'],
  ['1h', 'Last hour'],
  ['24h', 'Last 24 hours'],
  ['7d', 'Last 7 days'],
  ['30d', 'Last 30 days'],
] as const;
const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000 };

/** Where a range such as `24h` begins, in ISO; undefined for any time. */
export const rangeStart = (range: string): string | undefined => {
  const [, count, unit] = /^(\d+)([hd])$/.exec(range) ?? [];
  if (count === undefined || unit === undefined) return undefined;
  return new Date(Date.now() - Number(count) * (UNITS[unit] ?? 0)).toISOString();
};

/** A range of time: one of the usual, or from and to. */
export const TimeRange = ({
  range,
  from,
  to,
  onChange,
}: {
  readonly range: string;
  readonly from: string;
  readonly to: string;
  readonly onChange: (change: {
    readonly range: string | undefined;
    readonly from: string | undefined;
    readonly to: string | undefined;
  }) => void;
}) => {
  const named = RANGES.find(([name]) => name === range && range !== '');
  const given = from !== '' || to !== '';
  const local = (iso: string): string =>
    iso === '' || Number.isNaN(Date.parse(iso)) ? '' : toLocalInput(Date.parse(iso));
  return (
    <Popover label={named ? named[1] : given ? 'Chosen time' : 'Any time'} on={given || named !== undefined}>
      <ul class="popover-list">
        {RANGES.map(([name, text]) => (
          <li key={name}>
            <label class="check">
              <input
                type="radio"
                name="range"
                checked={!given && range === name}
                onChange={() => onChange({ range: name, from: undefined, to: undefined })}
              />
              {text}
            </label>
          </li>
        ))}
      </ul>
      <div class="popover-fields">
        <label class="field">
          <span>From</span>
          <input
            type="datetime-local"
            value={local(from)}
            onChange={(event) =>
              onChange({
                range: undefined,
                from: fromLocalInput(event.currentTarget.value),
                to: to || undefined,
              })
            }
          />
        </label>
        <label class="field">
          <span>Until</span>
          <input
            type="datetime-local"
            value={local(to)}
            onChange={(event) =>
              onChange({
                range: undefined,
                from: from || undefined,
                to: fromLocalInput(event.currentTarget.value),
              })
            }
          />
        </label>
      </div>
    </Popover>
  );
};
