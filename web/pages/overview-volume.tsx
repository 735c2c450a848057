import { LEVELS } from '../data/levels.ts';
import type { Resource } from '../data/resource.ts';
import { navigate, withQuery } from '../data/route.ts';
import type { VolumeAnswer } from '../data/shapes.ts';
import { DAY } from '../data/time.ts';
import { BarChart, Legend, type Series } from '../ui/bar-chart.tsx';
import { Panel } from '../ui/panel.tsx';
import { Loaded } from '../ui/states.tsx';
import { Time } from '../ui/time.tsx';

/** Event types with a colour of their own; the others are one. */
const TYPES = 6;

/** Alerts of the last 24 hours. */
export const AlertVolume = ({ volume }: { readonly volume: Resource<VolumeAnswer> }) => (
  <VolumePanel of="alerts" by="level" volume={volume} seriesOf={byLevel} />
);

/** Events of the last 24 hours. */
export const EventVolume = ({ volume }: { readonly volume: Resource<VolumeAnswer> }) => (
  <VolumePanel of="events" by="type" volume={volume} seriesOf={byType} />
);

/** The most severe at the bottom, where bars are easiest to compare. */
const byLevel = ({ alerts }: VolumeAnswer): readonly Series[] =>
  LEVELS.flatMap((level) => {
    const found = alerts.find((one) => one.level === level);
    return found && found.counts.some((count) => count > 0)
      ? [{ name: level, tone: `level-${level}`, counts: found.counts }]
      : [];
  });

const byType = ({ events }: VolumeAnswer): readonly Series[] => {
  const sorted = [...events].sort((a, b) => sum(b.counts) - sum(a.counts));
  const rest = sorted.slice(TYPES);
  const others =
    rest.length === 0
      ? []
      : [
          {
            name: `${rest.length} other types`,
            tone: 's0',
            counts: (rest[0]?.counts ?? []).map((_, i) =>
              rest.reduce((all, { counts }) => all + (counts[i] ?? 0), 0),
            ),
          },
        ];
  return [
    ...sorted.slice(0, TYPES).map(({ event_type: name, counts }, i) => ({ name, tone: `s${i + 1}`, counts })),
    ...others,
  ];
};

const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);

/** Which time the bars are of: all of it, unless there was too much to count. */
const CountedSince = ({ volume }: { readonly volume: VolumeAnswer | undefined }) => {
  const since = volume?.counted_from ?? undefined;
  if (since === undefined) return 'last 24 hours';
  return (
    <>
      counted since <Time at={since} />
    </>
  );
};

const VolumePanel = ({
  of,
  by,
  volume,
  seriesOf,
}: {
  /** What is counted; the page of that name shows it. */
  readonly of: 'alerts' | 'events';
  readonly by: string;
  readonly volume: Resource<VolumeAnswer>;
  readonly seriesOf: (volume: VolumeAnswer) => readonly Series[];
}) => {
  const title = of === 'alerts' ? 'Alerts' : 'Events';
  return (
    <Panel title={`${title} by ${by}`} hint={<CountedSince volume={volume.data} />}>
      <Loaded of={volume} lines={6}>
        {(loaded) => {
          const { from, step_seconds: step } = loaded;
          const series = seriesOf(loaded);
          const none = Array.from({ length: DAY / 1_000 / step }, () => 0);
          return (
            <>
              <BarChart
                label={`${title} of the last 24 hours by ${by}`}
                unit={of}
                fromMs={Date.parse(from)}
                stepMs={step * 1_000}
                series={series.length > 0 ? series : [{ name: 'none', tone: 's0', counts: none }]}
                onPick={goTo(`/${of}`)}
              />
              {series.length > 0 ? (
                <Legend series={series} />
              ) : (
                <p class="legend muted">No {of} in the last 24 hours.</p>
              )}
            </>
          );
        }}
      </Loaded>
    </Panel>
  );
};

const goTo =
  (path: string) =>
  (fromMs: number, toMs: number): void =>
    navigate(
      withQuery(path, new URLSearchParams(), {
        from: new Date(fromMs).toISOString(),
        to: new Date(toMs).toISOString(),
      }),
    );
