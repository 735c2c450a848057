import { useRef, useState } from 'preact/hooks';
import { announce } from '../data/announce.ts';
import { post } from '../data/api.ts';
import { pathOf } from '../data/route.ts';
import type { BacktestAnswer, RuleDetail } from '../data/shapes.ts';
import { counted, DAY } from '../data/time.ts';
import { BarChart } from '../ui/bar-chart.tsx';
import { Choice } from '../ui/filters.tsx';
import { Icon } from '../ui/icon.tsx';
import { useMayOperate, ViewOnly } from '../ui/operate.tsx';
import { Panel } from '../ui/panel.tsx';
import { Failed, Skeleton } from '../ui/states.tsx';
import { Text } from '../ui/text.tsx';
import { Time } from '../ui/time.tsx';

const PERIODS = [
  ['1', 'last day'],
  ['7', 'last 7 days'],
  ['30', 'last 30 days'],
  ['90', 'last 90 days'],
  ['365', 'last year'],
] as const;

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'busy' }
  | { readonly kind: 'failed'; readonly error: Error }
  | { readonly kind: 'done'; readonly answer: BacktestAnswer };

/** What the rule, as it stands or as changed here, would have done over the stored history. Nothing is sent or kept. */
export const Backtest = ({ rule }: { readonly rule: RuleDetail['rule'] }) => {
  const may = useMayOperate();
  const [days, setDays] = useState('30');
  const [source, setSource] = useState<string | undefined>(undefined);
  const [state, setState] = useState<State>({ kind: 'idle' });
  const running = useRef<AbortController | undefined>(undefined);
  const run = async (): Promise<void> => {
    running.current?.abort();
    const mine = new AbortController();
    running.current = mine;
    setState({ kind: 'busy' });
    const to = Date.now();
    const period = { from: new Date(to - Number(days) * DAY).toISOString(), to: new Date(to).toISOString() };
    try {
      const answer = await post<BacktestAnswer>(
        `/rules/${encodeURIComponent(rule.id)}/backtest`,
        { ...period, ...(source === undefined || source === rule.source ? {} : { source }) },
        mine.signal,
      );
      setState({ kind: 'done', answer });
      announce(`Backtest done: ${counted(answer.alerts, 'alert')} over ${counted(answer.events, 'event')}.`);
    } catch (error) {
      if (!mine.signal.aborted)
        setState({ kind: 'failed', error: error instanceof Error ? error : new Error(String(error)) });
    }
  };
  return (
    <Panel
      title="Backtest"
      hint="what it would have done over the stored history"
      actions={
        may && (
          <>
            <Choice label="Period" value={days} options={PERIODS} onChange={setDays} />
            <button
              type="button"
              class="button small"
              onClick={() => setSource(source === undefined ? rule.source : undefined)}
            >
              {source === undefined ? 'Change the rule' : 'As it stands'}
            </button>
            <button
              type="button"
              class="button small primary"
              disabled={state.kind === 'busy'}
              onClick={() => void run()}
            >
              <Icon name="play" size={12} /> Run
            </button>
          </>
        )
      }
    >
      <ViewOnly what="run a backtest" />
      {source !== undefined && (
        <label class="field">
          <span>The rule to try. It is not saved: copy it to its file when it is good.</span>
          <textarea
            class="code-input"
            rows={14}
            spellcheck={false}
            value={source}
            onInput={(event) => setSource(event.currentTarget.value)}
          />
        </label>
      )}
      {state.kind === 'idle' && may && source === undefined && (
        <p class="muted">Nothing is sent or recorded by it.</p>
      )}
      {state.kind === 'busy' && <Skeleton lines={4} label="The backtest runs" />}
      {state.kind === 'failed' && <Failed error={state.error} />}
      {state.kind === 'done' && <Outcome answer={state.answer} level={rule.level} />}
    </Panel>
  );
};

const Outcome = ({ answer, level }: { readonly answer: BacktestAnswer; readonly level: string }) => {
  const days = daysOf(answer);
  return (
    <div class="outcome">
      <p>
        <strong>{counted(answer.alerts, 'alert')}</strong> over {counted(answer.events, 'event')}
        {answer.from !== null && answer.to !== null && (
          <>
            {' '}
            from <Time at={answer.from} /> to <Time at={answer.to} />
          </>
        )}
        {!answer.complete && (
          <span class="doubt-text">; stopped at the bound of time or events, before the end</span>
        )}
      </p>
      {days && (
        <BarChart
          label="Alerts of the backtest by day"
          unit="alerts"
          height={120}
          fromMs={days.fromMs}
          stepMs={DAY}
          series={[{ name: 'alerts', tone: `level-${level}`, counts: days.counts }]}
        />
      )}
      {answer.examples.length > 0 && (
        <>
          <h3>Examples</h3>
          <ul class="lines boxed">
            {answer.examples.map((example, at) => (
              <li key={at} class="line">
                <Time at={example.at} />
                <span class="line-main">
                  {example.event_accounts[0] && example.event_ids[0] !== undefined ? (
                    <a href={pathOf('events', example.event_accounts[0], example.event_ids[0])}>
                      <Text value={example.message} max={240} />
                    </a>
                  ) : (
                    <Text value={example.message} max={240} />
                  )}
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
};

/** Days that a chart has room for. */
const MAX_DAYS = 400;

/** Alerts of each day of what was looked at, days without any included. */
const daysOf = ({
  per_day: days,
  from,
  to,
}: BacktestAnswer): { readonly fromMs: number; readonly counts: readonly number[] } | undefined => {
  if (days.length === 0) return undefined;
  const startOf = (date: string): number => Date.parse(`${date.slice(0, 10)}T00:00:00Z`);
  const times = [
    ...days.map(({ date }) => date),
    ...(from === null ? [] : [from]),
    ...(to === null ? [] : [to]),
  ].map(startOf);
  const lastMs = Math.max(...times);
  const fromMs = Math.max(Math.min(...times), lastMs - (MAX_DAYS - 1) * DAY);
  const counts = Array.from({ length: Math.round((lastMs - fromMs) / DAY) + 1 }, () => 0);
  for (const { date, alerts } of days) {
    const at = Math.round((startOf(date) - fromMs) / DAY);
    if (at >= 0) counts[at] = alerts;
  }
  return { fromMs, counts };
};
