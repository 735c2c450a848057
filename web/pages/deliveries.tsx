import { useEffect, useState } from 'preact/hooks';
import { get, post } from '../data/api.ts';
import { useCell } from '../data/cell.ts';
import { onLive } from '../data/live.ts';
import { useResource } from '../data/resource.ts';
import { changeQuery, navigate, pathOf, route } from '../data/route.ts';
import type { DeliveryPage, StatusAnswer } from '../data/shapes.ts';
import { counted } from '../data/time.ts';
import { useCursorList } from '../data/use-list.ts';
import { useNewest } from '../data/use-newest.ts';
import { ActDialog } from '../ui/act-dialog.tsx';
import { type Column, DataGrid } from '../ui/data-grid.tsx';
import { Choice, FilterBar } from '../ui/filters.tsx';
import { Icon } from '../ui/icon.tsx';
import { DeliveryTag, LevelMark } from '../ui/marks.tsx';
import { useMayOperate } from '../ui/operate.tsx';
import { Page } from '../ui/page.tsx';
import { Empty } from '../ui/states.tsx';
import { Text } from '../ui/text.tsx';
import { Time } from '../ui/time.tsx';
import { AlertTabs } from './alert-tabs.tsx';

type ListedDelivery = DeliveryPage['items'][number];

const PART = 200;
const NEWEST = 50;
const STATES: readonly ListedDelivery['state'][] = [
  'pending',
  'sending',
  'sent',
  'parked',
  'folded',
  'silenced',
  'dropped',
];

const keyOf = (row: ListedDelivery): string => row.id;

const COLUMNS: readonly Column<ListedDelivery>[] = [
  { name: 'State', width: '7rem', cell: (row) => <DeliveryTag state={row.state} /> },
  { name: 'Since', width: '8.6rem', cell: (row) => <Time at={row.ended_at ?? row.created_at} /> },
  { name: 'Sink', width: 'minmax(6rem, 10rem)', cell: (row) => <Text value={row.sink} max={60} /> },
  { name: 'Level', width: '6rem', cell: (row) => <LevelMark level={row.level} /> },
  {
    name: 'Alert',
    width: 'minmax(9rem, 17rem)',
    cell: (row) => (
      <strong class="medium">
        <Text value={row.title} max={120} />
      </strong>
    ),
  },
  {
    name: 'Last try',
    width: 'minmax(8rem, 1fr)',
    cell: (row) => (
      <span class="muted">
        <Text value={row.last_detail ?? ''} max={200} />
      </span>
    ),
  },
  { name: 'Tries', width: '3.5rem', end: true, cell: (row) => <span class="num">{row.attempts}</span> },
];

const Card = (row: ListedDelivery) => (
  <>
    <span class="card-top">
      <DeliveryTag state={row.state} />
      <strong class="medium cut">
        <Text value={row.title} max={80} />
      </strong>
      <Time at={row.ended_at ?? row.created_at} />
    </span>
    <span class="card-text">
      <Text value={row.sink} max={40} />{' '}
      <span class="muted">
        <Text value={row.last_detail ?? ''} max={120} />
      </span>
    </span>
  </>
);

/** Everything on its way, or that was: parked ones can be tried again or given up. */
export const DeliveriesPage = () => {
  const { query } = useCell(route);
  const may = useMayOperate();
  const [act, setAct] = useState<'retry' | 'drop' | undefined>(undefined);
  const [round, setRound] = useState(0);
  const sink = query.get('sink') ?? '';
  const state = query.get('state') ?? '';
  const list = useCursorList<ListedDelivery>(
    `${sink}\n${state}\n${round}`,
    (after, signal) => get<DeliveryPage>('/deliveries', { sink, state, after, limit: PART }, signal),
    keyOf,
  );
  const status = useResource('sinks', (signal) => get<StatusAnswer>('/status', {}, signal));
  const lookAgain = useNewest(list, () => {
    status.reload();
    return get<DeliveryPage>('/deliveries', { sink, state, limit: NEWEST });
  });
  useEffect(() => {
    const ends = [onLive('delivery', lookAgain), onLive('status', lookAgain)];
    return () => {
      for (const end of ends) end();
    };
  }, [lookAgain]);
  const set = (changes: Readonly<Record<string, string>>): void => changeQuery(changes);
  const sinks = status.data?.sinks ?? [];
  const withParked = sinks.filter((one) => one.parked > 0 && (sink === '' || one.name === sink));
  const parked = withParked.reduce((sum, one) => sum + one.parked, 0);
  const filtered = sink !== '' || state !== '';
  return (
    <Page title="Deliveries" fill actions={<AlertTabs />}>
      <FilterBar label="Filter deliveries" active={[sink, state].filter((value) => value !== '').length}>
        <Choice
          label="State"
          value={state}
          options={[['', 'Any state'], ...STATES.map((name) => [name, name] as const)]}
          onChange={(value) => set({ state: value })}
        />
        <Choice
          label="Sink"
          value={sink}
          options={[['', 'Every sink'], ...sinks.map(({ name }) => [name, name] as const)]}
          onChange={(value) => set({ sink: value })}
        />
        {parked > 0 && may && (
          <span class="filter-actions">
            <button type="button" class="button primary small" onClick={() => setAct('retry')}>
              <Icon name="retry" size={14} /> Retry {parked} parked
            </button>
            <button type="button" class="button small" onClick={() => setAct('drop')}>
              Drop
            </button>
          </span>
        )}
      </FilterBar>
      <DataGrid
        list={list}
        label="Deliveries"
        columns={COLUMNS}
        card={Card}
        keyOf={keyOf}
        selected={undefined}
        news={list.waiting === 1 ? 'new delivery' : 'new deliveries'}
        onOpen={(row) => navigate(pathOf('alerts', row.alert))}
        empty={
          filtered ? (
            <Empty icon="search" title="No delivery fits these filters.">
              <a href="/deliveries">Show all deliveries</a>
            </Empty>
          ) : (
            <Empty title="No deliveries so far">
              Each alert that a route takes becomes one for every sink.
            </Empty>
          )
        }
      />
      {act !== undefined && (
        <ActDialog
          title={act === 'retry' ? 'Retry what is parked' : 'Drop what is parked'}
          button={act === 'retry' ? 'Retry' : 'Drop'}
          danger={act === 'drop'}
          needsReason
          onClose={() => setAct(undefined)}
          onDone={() => setRound((n) => n + 1)}
          run={async (reason) => {
            let count = 0;
            for (const name of withParked.map((one) => one.name))
              count += (
                await post<{ readonly count: number }>(`/deliveries/${act}`, {
                  state: 'parked',
                  sink: name,
                  reason,
                })
              ).count;
            return `${counted(count, 'delivery', 'deliveries')} ${act === 'retry' ? 'will be tried again' : 'dropped'}.`;
          }}
        >
          <p>
            {counted(parked, 'parked delivery', 'parked deliveries')}{' '}
            {sink === '' ? 'of all sinks' : `of ${sink}`}.{' '}
            {act === 'retry'
              ? 'They are sent as soon as their sink takes them.'
              : 'Nobody will be told of them any more.'}
          </p>
        </ActDialog>
      )}
    </Page>
  );
};
