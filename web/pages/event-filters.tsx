import { get } from '../data/api.ts';
import { useCell } from '../data/cell.ts';
import { useResource } from '../data/resource.ts';
import { changeQuery, navigate, route } from '../data/route.ts';
import type { EventTypesAnswer, StatusAnswer } from '../data/shapes.ts';
import { utcText } from '../data/time.ts';
import { Chips, Choice, FilterBar, Popover, SearchBox, Several } from '../ui/filters.tsx';
import { rangeStart, TimeRange } from '../ui/time-range.tsx';

/** Filters of the list of events as they stand in the address. */
export const EVENT_FILTERS = [
  'search',
  'range',
  'from',
  'to',
  'type',
  'account',
  'user',
  'ip',
  'country',
  'matched',
  'order',
] as const;
type Filter = (typeof EVENT_FILTERS)[number];
export type EventFilterValues = Readonly<Record<Filter, string>>;

export const readEventFilters = (query: URLSearchParams): EventFilterValues =>
  Object.fromEntries(EVENT_FILTERS.map((name) => [name, query.get(name) ?? ''])) as EventFilterValues;

/** The query that asks the monitor for what is filtered. */
export const eventQuery = ({
  range,
  from,
  ...rest
}: EventFilterValues): Record<string, string | undefined> => ({
  ...rest,
  from: from === '' ? rangeStart(range) : from,
});

/** Names of accounts, for filters. */
export const useAccounts = (): readonly string[] => {
  const { data } = useResource('accounts', (signal) => get<StatusAnswer>('/status', {}, signal));
  return data?.accounts.map(({ name }) => name) ?? [];
};

const NAMES: Readonly<Record<Filter, string>> = {
  search: 'search',
  range: 'last',
  from: 'from',
  to: 'until',
  type: 'type',
  account: 'account',
  user: 'user',
  ip: 'address',
  country: 'country',
  matched: 'with alerts',
  order: 'order',
};

export const EventFilters = ({ values }: { readonly values: EventFilterValues }) => {
  const { path } = useCell(route);
  const accounts = useAccounts();
  const types = useResource('event types', (signal) => get<EventTypesAnswer>('/event-types', {}, signal));
  const set = (changes: Partial<Record<Filter, string | undefined>>): void => changeQuery(changes);
  const more = [values.user, values.ip, values.country].filter((value) => value !== '').length;
  const chips = EVENT_FILTERS.filter((name) => values[name] !== '' && name !== 'search').map((name) => ({
    name: NAMES[name],
    value:
      name === 'matched'
        ? 'yes'
        : name === 'order'
          ? 'oldest first'
          : ['from', 'to'].includes(name)
            ? utcText(values[name])
            : values[name].replaceAll(',', ', '),
    remove: () => set({ [name]: undefined }),
  }));
  return (
    <>
      <FilterBar label="Filter events" active={chips.length}>
        <SearchBox
          slash
          label="Search events"
          placeholder="Search"
          value={values.search}
          onChange={(search) => set({ search })}
        />
        <TimeRange
          range={values.range}
          from={values.from}
          to={values.to}
          onChange={(change) => set(change)}
        />
        <Several
          label="Type"
          value={values.type}
          options={types.data?.items.map(({ event_type: name }) => name) ?? []}
          onChange={(type) => set({ type })}
        />
        {(accounts.length > 1 || values.account !== '') && (
          <Choice
            label="Account"
            value={values.account}
            options={[['', 'Every account'], ...accounts.map((name) => [name, name] as const)]}
            onChange={(account) => set({ account })}
          />
        )}
        <Popover label={more === 0 ? 'Who and where' : `Who and where (${more})`} on={more > 0}>
          <div class="popover-fields">
            <label class="field">
              <span>User: e-mail or id</span>
              <input
                value={values.user}
                onChange={(event) => set({ user: event.currentTarget.value.trim() })}
              />
            </label>
            <label class="field">
              <span>IP address</span>
              <input value={values.ip} onChange={(event) => set({ ip: event.currentTarget.value.trim() })} />
            </label>
            <label class="field">
              <span>Country</span>
              <input
                value={values.country}
                maxLength={2}
                placeholder="NL"
                onChange={(event) => set({ country: event.currentTarget.value.trim().toUpperCase() })}
              />
            </label>
          </div>
        </Popover>
        <label class="check filter-check">
          <input
            type="checkbox"
            checked={values.matched === 'true'}
            onChange={(event) => set({ matched: event.currentTarget.checked ? 'true' : undefined })}
          />
          With alerts
        </label>
        <Choice
          label="Order"
          value={values.order}
          options={[
            ['', 'Newest first'],
            ['oldest', 'Oldest first'],
          ]}
          onChange={(order) => set({ order })}
        />
      </FilterBar>
      <Chips items={chips} onClear={() => navigate(path, { replace: true })} />
    </>
  );
};
