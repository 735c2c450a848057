import { useEffect } from 'preact/hooks';
import { get } from '../data/api.ts';
import { useCell } from '../data/cell.ts';
import { onLive, onLiveBegins } from '../data/live.ts';
import { navigate, pathOf, route, withQuery } from '../data/route.ts';
import type { EventPage, EventRow } from '../data/shapes.ts';
import { useCursorList } from '../data/use-list.ts';
import { atTop, useNewest } from '../data/use-newest.ts';
import { type Column, DataGrid } from '../ui/data-grid.tsx';
import { LevelMark } from '../ui/marks.tsx';
import { Page } from '../ui/page.tsx';
import { Split } from '../ui/split.tsx';
import { Empty } from '../ui/states.tsx';
import { Text } from '../ui/text.tsx';
import { Time } from '../ui/time.tsx';
import { EVENT_FILTERS, EventFilters } from './event-filters.tsx';
import { EventView } from './event-view.tsx';
import { askedBy, readFilters } from './list-filters.tsx';

const PART = 200;
/** What is read again when something happened while filters are set. */
const NEWEST = 50;

const keyOf = (row: EventRow): string => `${row.account}/${row.id}`;

/** The most severe alert of an event, and how many more. */
const AlertsOf = ({ row }: { readonly row: EventRow }) => {
  const [first] = row.alerts;
  if (!first) return null;
  return (
    <span class="nowrap">
      <LevelMark level={first.level} />
      {row.alerts.length > 1 && <span class="muted"> +{row.alerts.length - 1}</span>}
    </span>
  );
};

const COLUMNS: readonly Column<EventRow>[] = [
  { name: 'Time', width: '8.6rem', cell: (row) => <Time at={row.created_at} /> },
  {
    name: 'Type',
    width: 'minmax(9rem, 13rem)',
    cell: (row) => (
      <code class="type">
        <Text value={row.event_type} max={80} />
      </code>
    ),
  },
  {
    name: 'What happened',
    width: 'minmax(10rem, 1fr)',
    cell: (row) => <Text value={row.sentence} max={300} />,
  },
  { name: 'Account', width: '8rem', cell: (row) => <Text value={row.account} max={40} /> },
  { name: 'Alerts', width: '6.5rem', cell: (row) => <AlertsOf row={row} /> },
];

const Card = (row: EventRow) => (
  <>
    <span class="card-top">
      <code class="type">
        <Text value={row.event_type} max={60} />
      </code>
      <AlertsOf row={row} />
      <Time at={row.created_at} />
    </span>
    <span class="card-text">
      <Text value={row.sentence} max={200} />
    </span>
  </>
);

export const EventsPage = () => {
  const { parts, query } = useCell(route);
  const [, account, id] = parts;
  const values = readFilters(EVENT_FILTERS, query);
  const key = EVENT_FILTERS.map((name) => values[name]).join('\n');
  const asked = askedBy(values);
  const list = useCursorList<EventRow>(
    key,
    (after, signal) => get<EventPage>('/events', { ...asked, after, limit: PART }, signal),
    keyOf,
  );
  const filtered = EVENT_FILTERS.some((name) => values[name] !== '');
  // Which events fit a filter is the monitor's to say: the newest are asked for again with the same filters.
  const lookAgain = useNewest(list, () => get<EventPage>('/events', { ...askedBy(values), limit: NEWEST }));
  useEffect(() => {
    if (values.order !== '' || values.to !== '') return undefined;
    const ends = [
      onLive('event', (row) => (filtered ? lookAgain() : list.push(row, atTop()))),
      onLiveBegins(lookAgain),
    ];
    return () => {
      for (const end of ends) end();
    };
  }, [list, filtered, lookAgain, values.order, values.to]);

  const base = withQuery('/events', query, {});
  return (
    <Page title="Events" fill>
      <EventFilters values={values} />
      <Split
        detailLabel="Event"
        onClose={() => navigate(base)}
        detail={
          account !== undefined && id !== undefined ? (
            <EventView key={`${account}/${id}`} account={account} id={id} />
          ) : undefined
        }
        list={
          <DataGrid
            list={list}
            label="Events"
            columns={account === undefined ? COLUMNS : COLUMNS.filter(({ name }) => name !== 'Account')}
            card={Card}
            keyOf={keyOf}
            news={list.waiting === 1 ? 'new event' : 'new events'}
            selected={account !== undefined && id !== undefined ? `${account}/${id}` : undefined}
            onOpen={(row) =>
              navigate(withQuery(pathOf('events', row.account, row.id), query, {}), {
                replace: account !== undefined,
              })
            }
            empty={
              filtered ? (
                <Empty icon="search" title="No event fits these filters.">
                  <a href="/events">Show all events</a>
                </Empty>
              ) : (
                <Empty icon="clock" title="No events yet">
                  They appear here as soon as the first pass has read some.
                </Empty>
              )
            }
          />
        }
      />
    </Page>
  );
};
