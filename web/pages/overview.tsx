import { useEffect } from 'preact/hooks';
import { get } from '../data/api.ts';
import { onLive } from '../data/live.ts';
import { useResource, useThrottled } from '../data/resource.ts';
import type { AlertPage, StatusAnswer, VolumeAnswer } from '../data/shapes.ts';
import { counted, DAY } from '../data/time.ts';
import { Icon } from '../ui/icon.tsx';
import { Page } from '../ui/page.tsx';
import { Panel } from '../ui/panel.tsx';
import { Empty, Loaded } from '../ui/states.tsx';
import { Text } from '../ui/text.tsx';
import { Time } from '../ui/time.tsx';
import { AlertLine } from './overview-alerts.tsx';
import { StatusFacts } from './overview-facts.tsx';
import { Replicas } from './overview-replicas.tsx';
import { Accounts, SinkTable } from './overview-tables.tsx';
import { AlertVolume, EventVolume } from './overview-volume.tsx';

/** Between two looks at the status when nothing happens, ms. */
const LOOK_MS = 10_000;
/** At most so often when much happens, ms; more seldom where an answer holds many accounts. */
const THROTTLE_MS = 1_000;
const THROTTLE_EACH_MS = 10;
const MAX_THROTTLE_MS = 30_000;
const STEP_SECONDS = 1_800;

/** Is everything all right? */
export const OverviewPage = () => {
  const status = useResource('status', (signal) => get<StatusAnswer>('/status', {}, signal));
  const volume = useResource('volume', (signal) => {
    // Steps begin at round times, so that bars do not wander.
    const step = STEP_SECONDS * 1_000;
    const to = Math.ceil(Date.now() / step) * step;
    return get<VolumeAnswer>(
      '/volume',
      { from: new Date(to - DAY).toISOString(), to: new Date(to).toISOString(), step: STEP_SECONDS },
      signal,
    );
  });
  const alerts = useResource('alerts', (signal) => get<AlertPage>('/alerts', { limit: 8 }, signal));
  const lookAgain = useThrottled(
    () => {
      status.reload();
      volume.reload();
      alerts.reload();
    },
    Math.min(MAX_THROTTLE_MS, Math.max(THROTTLE_MS, THROTTLE_EACH_MS * (status.data?.accounts.length ?? 0))),
  );
  useEffect(() => {
    const ends = [
      onLive('alert', lookAgain),
      onLive('event', lookAgain),
      onLive('status', lookAgain),
      onLive('delivery', lookAgain),
    ];
    const timer = setInterval(lookAgain, LOOK_MS);
    return () => {
      for (const end of ends) end();
      clearInterval(timer);
    };
  }, [lookAgain]);
  return (
    <Page title="Overview">
      <Loaded of={status} lines={3}>
        {(now) => (
          <>
            <Verdict status={now} />
            <div class="columns">
              <AlertVolume volume={volume} />
              <EventVolume volume={volume} />
            </div>
            <Panel title="Latest alerts" flush actions={<a href="/alerts">All alerts</a>}>
              <Loaded of={alerts}>
                {({ items }) =>
                  items.length === 0 ? (
                    <Empty title="No alerts so far" />
                  ) : (
                    <ul class="lines">
                      {items.map((alert) => (
                        <AlertLine key={alert.id} alert={alert} />
                      ))}
                    </ul>
                  )
                }
              </Loaded>
            </Panel>
            <Accounts accounts={now.accounts} />
            <Panel title="Sinks" flush hint={counted(now.sinks.length, 'sink')}>
              <SinkTable sinks={now.sinks} />
            </Panel>
            <Replicas status={now} />
            <StatusFacts status={now} />
          </>
        )}
      </Loaded>
    </Page>
  );
};

const Verdict = ({ status }: { readonly status: StatusAnswer }) => {
  const bad = status.problems.some(({ severity }) => severity === 'bad') || !status.healthy;
  const tone = bad ? 'bad' : status.problems.length > 0 ? 'doubt' : 'good';
  // One problem is what the sentence says already.
  const more = status.problems.filter(({ text }) => !status.summary.startsWith(text));
  return (
    <section class={`verdict ${tone}`} aria-label="Status">
      <p class="verdict-sentence" role="status">
        <Icon name={tone === 'good' ? 'good' : tone === 'bad' ? 'bad' : 'warning'} size={22} />
        <span>
          <Text value={status.summary} />
        </span>
        <span class="verdict-time muted">
          as of <Time at={status.now} />
        </span>
      </p>
      {more.length > 0 && (
        <ul class="problems">
          {more.map(({ severity, text }) => (
            <li key={text} class={severity}>
              <Icon name={severity === 'bad' ? 'bad' : 'warning'} size={14} />
              <span class="sr">{severity}: </span>
              <Text value={text} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
};
