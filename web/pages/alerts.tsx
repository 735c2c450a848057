import { useEffect } from 'preact/hooks';
import { get } from '../data/api.ts';
import { useCell } from '../data/cell.ts';
import { LEVELS } from '../data/levels.ts';
import { onLive } from '../data/live.ts';
import { useResource } from '../data/resource.ts';
import { changeQuery, navigate, pathOf, route, withQuery } from '../data/route.ts';
import type { AlertPage, AlertRow, RuleList } from '../data/shapes.ts';
import { useCursorList } from '../data/use-list.ts';
import { atTop, useNewest } from '../data/use-newest.ts';
import { type Column, DataGrid } from '../ui/data-grid.tsx';
import { Choice, Several } from '../ui/filters.tsx';
import { LevelMark } from '../ui/marks.tsx';
import { Page } from '../ui/page.tsx';
import { Split } from '../ui/split.tsx';
import { Empty } from '../ui/states.tsx';
import { Text } from '../ui/text.tsx';
import { Time } from '../ui/time.tsx';
import { AlertTabs } from './alert-tabs.tsx';
import { AlertTags } from './alert-tags.tsx';
import { AlertView } from './alert-view.tsx';
import { AccountChoice, askedBy, type FilterValues, ListFilters, readFilters } from './list-filters.tsx';

const PART = 200;
const NEWEST = 50;
const FILTERS = ['search', 'range', 'from', 'to', 'level', 'kind', 'status', 'account', 'rule'] as const;
type Filter = (typeof FILTERS)[number];

const keyOf = (row: AlertRow): string => row.id;

const COLUMNS: readonly Column<AlertRow>[] = [
  { name: 'Level', width: '6rem', cell: (row) => <LevelMark level={row.level} /> },
  { name: 'Decided', width: '8.6rem', cell: (row) => <Time at={row.decided_at} /> },
  {
    name: 'Rule',
    width: 'minmax(9rem, 17rem)',
    cell: (row) => (
      <strong class="medium">
        <Text value={row.rule.title} max={120} />
      </strong>
    ),
  },
  {
    name: 'What happened',
    width: 'minmax(9rem, 1fr)',
    cell: (row) => (
      <span class="muted">
        <Text value={row.message} max={300} />
      </span>
    ),
  },
  { name: 'Account', width: '7rem', cell: (row) => <Text value={row.account ?? ''} max={40} /> },
  { name: 'State', width: '11rem', cell: (row) => <AlertTags alert={row} /> },
];

/** What has room beside a story. */
const WIDTHS: Readonly<Record<string, string>> = {
  Level: '5.6rem',
  Decided: '9rem',
  Rule: 'minmax(6rem, 1fr)',
  State: 'minmax(0, 8.5rem)',
};
const BESIDE: readonly Column<AlertRow>[] = COLUMNS.flatMap((column) => {
  const width = WIDTHS[column.name];
  return width === undefined ? [] : [{ ...column, width }];
});

const Card = (row: AlertRow) => (
  <>
    <span class="card-top">
      <LevelMark level={row.level} />
      <strong class="medium cut">
        <Text value={row.rule.title} max={80} />
      </strong>
      <Time at={row.decided_at} />
    </span>
    <span class="card-text">
      <AlertTags alert={row} /> <Text value={row.message} max={200} />
    </span>
  </>
);

export const AlertsPage = () => {
  const { parts, query } = useCell(route);
  const id = parts[1];
  const values = readFilters(FILTERS, query);
  const key = FILTERS.map((name) => values[name]).join('\n');
  const asked = askedBy(values);
  const list = useCursorList<AlertRow>(
    key,
    (after, signal) => get<AlertPage>('/alerts', { ...asked, after, limit: PART }, signal),
    keyOf,
  );
  const filtered = FILTERS.some((name) => values[name] !== '');
  const lookAgain = useNewest(list, () => get<AlertPage>('/alerts', { ...askedBy(values), limit: NEWEST }));
  useEffect(() => {
    const ends = [onLive('delivery', lookAgain), onLive('status', lookAgain)];
    if (values.to === '')
      ends.push(onLive('alert', (row) => (filtered ? lookAgain() : list.push(row, atTop()))));
    return () => {
      for (const end of ends) end();
    };
  }, [list, filtered, lookAgain, values.to]);
  return (
    <Page title="Alerts" fill actions={<AlertTabs />}>
      <AlertFilters values={values} />
      <Split
        detailLabel="Alert"
        onClose={() => navigate(withQuery('/alerts', query, {}))}
        detail={id === undefined ? undefined : <AlertView key={id} id={id} onChanged={lookAgain} />}
        list={
          <DataGrid
            list={list}
            label="Alerts"
            columns={id === undefined ? COLUMNS : BESIDE}
            card={Card}
            keyOf={keyOf}
            selected={id}
            news={list.waiting === 1 ? 'new alert' : 'new alerts'}
            onOpen={(row) =>
              navigate(withQuery(pathOf('alerts', row.id), query, {}), { replace: id !== undefined })
            }
            empty={
              filtered ? (
                <Empty icon="search" title="No alert fits these filters.">
                  <a href="/alerts">Show all alerts</a>
                </Empty>
              ) : (
                <Empty title="No alerts so far">
                  Every alert is kept here, also those that were sent to nobody.
                </Empty>
              )
            }
          />
        }
      />
    </Page>
  );
};

const AlertFilters = ({ values }: { readonly values: FilterValues<Filter> }) => {
  const rules = useResource('rules', (signal) => get<RuleList>('/rules', {}, signal));
  const set = (changes: Partial<Record<Filter, string | undefined>>): void => changeQuery(changes);
  const titleOf = (id: string): string => rules.data?.items.find((rule) => rule.id === id)?.title ?? id;
  return (
    <ListFilters of="alerts" values={values} shown={{ rule: titleOf }}>
      <Several label="Level" value={values.level} options={LEVELS} onChange={(level) => set({ level })} />
      <Choice
        label="Kind"
        value={values.kind}
        options={[
          ['', 'Every kind'],
          ['rule', 'Rules'],
          ['system', 'Monitor itself'],
          ['summary', 'Summaries'],
          ['drill', 'Drills'],
        ]}
        onChange={(kind) => set({ kind })}
      />
      <Choice
        label="Status"
        value={values.status}
        options={[
          ['', 'Any status'],
          ['firing', 'Firing'],
          ['resolved', 'Resolved'],
        ]}
        onChange={(status) => set({ status })}
      />
      <Choice
        label="Rule"
        value={values.rule}
        options={[
          ['', 'Every rule'],
          ...(rules.data?.items ?? []).map((rule) => [rule.id, rule.title] as const),
        ]}
        onChange={(rule) => set({ rule })}
      />
      <AccountChoice value={values.account} others={[['(fleet)', 'Fleet rules']]} />
    </ListFilters>
  );
};
