import { get } from '../data/api.ts';
import { useResource } from '../data/resource.ts';
import { changeQuery } from '../data/route.ts';
import type { EventTypesAnswer } from '../data/shapes.ts';
import { Choice, Popover, Several } from '../ui/filters.tsx';
import { AccountChoice, type FilterValues, ListFilters } from './list-filters.tsx';

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

const CALLED = { ip: 'address', matched: 'with alerts' } as const;
const SHOWN = { matched: () => 'yes', order: () => 'oldest first' } as const;

export const EventFilters = ({ values }: { readonly values: FilterValues<Filter> }) => {
  const types = useResource('event types', (signal) => get<EventTypesAnswer>('/event-types', {}, signal));
  const set = (changes: Partial<Record<Filter, string | undefined>>): void => changeQuery(changes);
  const more = [values.user, values.ip, values.country].filter((value) => value !== '').length;
  return (
    <ListFilters of="events" values={values} called={CALLED} shown={SHOWN}>
      <Several
        label="Type"
        value={values.type}
        options={types.data?.items.map(({ event_type: name }) => name) ?? []}
        onChange={(type) => set({ type })}
      />
      <AccountChoice value={values.account} />
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
    </ListFilters>
  );
};
