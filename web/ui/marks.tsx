import type { ComponentChildren } from 'preact';
import { levelRank } from '../data/levels.ts';
import type { DeliveryRow, Level } from '../data/shapes.ts';
import { Icon, type IconName } from './icon.tsx';

/** A level by name, colour and number of bars: never by colour alone. */
export const LevelMark = ({ level, short = false }: { readonly level: Level; readonly short?: boolean }) => {
  const rank = levelRank(level);
  return (
    <span class={`level level-${level}`} title={short ? level : undefined}>
      <svg width="13" height="12" viewBox="0 0 13 12" aria-hidden="true" focusable="false">
        {[1, 2, 3, 4, 5].map((bar) => (
          <rect
            key={bar}
            x={(bar - 1) * 2.7}
            y={10 - bar * 1.9}
            width="1.9"
            height={bar * 1.9 + 2}
            rx="0.6"
            class={bar <= rank ? 'on' : 'off'}
          />
        ))}
      </svg>
      <span class={short ? 'sr' : ''}>{level === 'informational' ? 'info' : level}</span>
    </span>
  );
};

export type Tone = 'good' | 'bad' | 'doubt' | 'quiet' | 'accent';
const TONE_ICONS: Readonly<Record<Tone, IconName | undefined>> = {
  good: 'check',
  bad: 'bad',
  doubt: 'warning',
  quiet: undefined,
  accent: undefined,
};

/** A state in a word. */
export const Tag = ({
  tone = 'quiet',
  icon = true,
  title,
  children,
}: {
  readonly tone?: Tone;
  readonly icon?: boolean;
  readonly title?: string | undefined;
  readonly children: ComponentChildren;
}) => {
  const name = TONE_ICONS[tone];
  return (
    <span class={`tag tag-${tone}`} title={title}>
      {icon && name && <Icon name={name} size={12} />}
      {children}
    </span>
  );
};

const DELIVERY_TONES: Readonly<Record<DeliveryRow['state'], Tone>> = {
  pending: 'accent',
  sending: 'accent',
  sent: 'good',
  parked: 'bad',
  folded: 'quiet',
  silenced: 'quiet',
  dropped: 'doubt',
};
export const DeliveryTag = ({
  state,
  count,
}: {
  readonly state: DeliveryRow['state'];
  readonly count?: number;
}) => (
  <Tag tone={DELIVERY_TONES[state]}>
    {count !== undefined && count > 1 ? `${count} ` : ''}
    {state}
  </Tag>
);
