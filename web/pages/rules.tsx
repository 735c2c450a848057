import { useState } from 'preact/hooks';
import { get } from '../data/api.ts';
import { useCell } from '../data/cell.ts';
import { LEVELS, levelRank } from '../data/levels.ts';
import { useResource } from '../data/resource.ts';
import { changeQuery, pathOf, route } from '../data/route.ts';
import type { RuleList, RuleRow } from '../data/shapes.ts';
import { counted, countText } from '../data/time.ts';
import { Choice, FilterBar, SearchBox } from '../ui/filters.tsx';
import { Icon } from '../ui/icon.tsx';
import { LevelMark, Tag } from '../ui/marks.tsx';
import { Page } from '../ui/page.tsx';
import { useRowKeys } from '../ui/row-keys.tsx';
import { Empty, Loaded } from '../ui/states.tsx';
import { Text } from '../ui/text.tsx';
import { Time } from '../ui/time.tsx';

const SORTS = {
  title: { name: 'Rule', by: (a: RuleRow, b: RuleRow) => a.title.localeCompare(b.title) },
  level: {
    name: 'Level',
    by: (a: RuleRow, b: RuleRow) => levelRank(b.level) - levelRank(a.level) || a.title.localeCompare(b.title),
  },
  day: { name: '24 h', by: (a: RuleRow, b: RuleRow) => b.hits_24h - a.hits_24h || b.hits_30d - a.hits_30d },
  month: { name: '30 days', by: (a: RuleRow, b: RuleRow) => b.hits_30d - a.hits_30d },
  last: {
    name: 'Last hit',
    by: (a: RuleRow, b: RuleRow) => (b.last_hit_at ?? '').localeCompare(a.last_hit_at ?? ''),
  },
} as const;
type Sort = keyof typeof SORTS;

/** All rules that are loaded, and those that are not. */
export const RulesPage = () => {
  const { query } = useCell(route);
  const rules = useResource('rules', (signal) => get<RuleList>('/rules', {}, signal));
  const search = query.get('search') ?? '';
  const level = query.get('level') ?? '';
  const show = query.get('show') ?? '';
  const [sort, setSort] = useState<Sort>('level');
  const set = (changes: Readonly<Record<string, string>>): void => changeQuery(changes);
  const fits = (rule: RuleRow): boolean =>
    `${rule.title} ${rule.tags.join(' ')} ${rule.file}`.toLowerCase().includes(search.toLowerCase()) &&
    (level === '' || rule.level === level) &&
    (show === '' ||
      (show === 'fleet' && rule.scope === 'fleet') ||
      (show === 'shadow' && rule.shadow) ||
      (show === 'failing' && rule.failing_since !== null) ||
      (show === 'quiet' && rule.hits_30d === 0) ||
      (show === 'hits' && rule.hits_30d > 0));
  return (
    <Page title="Rules">
      <FilterBar label="Filter rules" active={[level, show].filter((value) => value !== '').length}>
        <SearchBox
          slash
          label="Search rules"
          placeholder="Search titles, tags, files"
          value={search}
          onChange={(value) => set({ search: value })}
        />
        <Choice
          label="Level"
          value={level}
          options={[['', 'Every level'], ...LEVELS.map((name) => [name, name] as const)]}
          onChange={(value) => set({ level: value })}
        />
        <Choice
          label="Show"
          value={show}
          options={[
            ['', 'All rules'],
            ['hits', 'With hits in 30 days'],
            ['quiet', 'Without hits in 30 days'],
            ['fleet', 'Over all accounts'],
            ['shadow', 'Shadow'],
            ['failing', 'Failing'],
          ]}
          onChange={(value) => set({ show: value })}
        />
      </FilterBar>
      <Loaded of={rules} lines={10}>
        {({ items, skipped }) => {
          const shown = items.filter(fits).sort(SORTS[sort].by);
          return (
            <>
              <p class="muted count" role="status">
                {shown.length === items.length
                  ? counted(items.length, 'rule')
                  : `${shown.length} of ${counted(items.length, 'rule')}`}
              </p>
              {shown.length === 0 ? (
                <Empty
                  icon="search"
                  title={items.length === 0 ? 'No rules are loaded.' : 'No rule fits these filters.'}
                >
                  {items.length === 0 ? (
                    'Name files or folders under rules in the configuration.'
                  ) : (
                    <a href="/rules">Show all rules</a>
                  )}
                </Empty>
              ) : (
                <RuleTable rules={shown} sort={sort} onSort={setSort} />
              )}
              {skipped.length > 0 && (
                <section class="panel">
                  <header class="panel-head">
                    <h2>Skipped</h2>
                    <span class="muted panel-hint">
                      {counted(skipped.length, 'rule')} that cannot hold for this trail
                    </span>
                  </header>
                  <ul class="plain panel-body">
                    {skipped.slice(0, 100).map(({ title, file, reason }) => (
                      <li key={file + title}>
                        <strong>
                          <Text value={title} />
                        </strong>{' '}
                        <span class="muted">
                          <Text value={reason} /> (<Text value={file} />)
                        </span>
                      </li>
                    ))}
                  </ul>
                </section>
              )}
            </>
          );
        }}
      </Loaded>
    </Page>
  );
};

const SortHead = ({
  of,
  sort,
  onSort,
  end = false,
}: {
  readonly of: Sort;
  readonly sort: Sort;
  readonly onSort: (sort: Sort) => void;
  readonly end?: boolean;
}) => (
  <th
    scope="col"
    class={end ? 'end' : ''}
    aria-sort={sort === of ? (of === 'title' ? 'ascending' : 'descending') : 'none'}
  >
    <button type="button" class="sort" onClick={() => onSort(of)}>
      {SORTS[of].name}
      {sort === of && <Icon name="down" size={10} />}
    </button>
  </th>
);

const RuleTable = ({
  rules,
  sort,
  onSort,
}: {
  readonly rules: readonly RuleRow[];
  readonly sort: Sort;
  readonly onSort: (sort: Sort) => void;
}) => {
  const body = useRowKeys();
  return (
    <div class="table-frame">
      <table class="table stack rule-table">
        <thead>
          <tr>
            <SortHead of="level" sort={sort} onSort={onSort} />
            <SortHead of="title" sort={sort} onSort={onSort} />
            <SortHead of="day" sort={sort} onSort={onSort} end />
            <SortHead of="month" sort={sort} onSort={onSort} end />
            <SortHead of="last" sort={sort} onSort={onSort} />
            <th scope="col" class="end">
              Tests
            </th>
            <th scope="col">File</th>
          </tr>
        </thead>
        <tbody ref={body}>
          {rules.map((rule) => (
            <tr key={rule.id}>
              <td data-name="Level">
                <LevelMark level={rule.level} />
              </td>
              <th scope="row">
                <a href={pathOf('rules', rule.id)}>
                  <Text value={rule.title} />
                </a>{' '}
                <span class="tags">
                  {rule.kind === 'correlation' && <Tag>correlation</Tag>}
                  {rule.scope === 'fleet' && (
                    <Tag title="It looks at the events of all accounts together">fleet</Tag>
                  )}
                  {rule.shadow && (
                    <Tag tone="accent" title="Evaluated, recorded and counted, but nothing is sent">
                      shadow
                    </Tag>
                  )}
                  {rule.failing_since !== null && <Tag tone="bad">failing</Tag>}
                </span>
              </th>
              <td data-name="24 h" class={`end num${rule.hits_24h === 0 ? ' muted' : ''}`}>
                {countText(rule.hits_24h)}
              </td>
              <td data-name="30 days" class={`end num${rule.hits_30d === 0 ? ' muted' : ''}`}>
                {countText(rule.hits_30d)}
              </td>
              <td data-name="Last hit">
                {rule.last_hit_at === null ? (
                  <span class="muted">never</span>
                ) : (
                  <Time at={rule.last_hit_at} ago />
                )}
              </td>
              <td data-name="Tests" class={`end num${rule.tests === 0 ? ' muted' : ''}`}>
                {rule.tests}
              </td>
              <td data-name="File" class="muted file-cell">
                <Text value={rule.file.split('/').at(-1) ?? ''} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
};
