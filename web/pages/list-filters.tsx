import type { ComponentChildren } from 'preact';
import { get } from '../data/api.ts';
import { useCell } from '../data/cell.ts';
import { useResource } from '../data/resource.ts';
import { changeQuery, navigate, route } from '../data/route.ts';
import type { StatusAnswer } from '../data/shapes.ts';
import { utcText } from '../data/time.ts';
import { Chips, Choice, FilterBar, SearchBox } from '../ui/filters.tsx';
import { rangeStart, TimeRange } from '../ui/time-range.tsx';

/** What every list that is filtered has. */
type Common = 'search' | 'range' | 'from' | 'to';

/** Filters of a list as they stand in the address; empty: not set. */
export type FilterValues<Name extends string> = Readonly<Record<Name | Common, string>>;
type AnyFilters = Readonly<Record<Common, string>> & Readonly<Record<string, string>>;

/** The filters of these names, in their order. */
export const readFilters = <Name extends string>(
  names: readonly Name[],
  query: URLSearchParams,
): Readonly<Record<Name, string>> =>
  Object.fromEntries(names.map((name) => [name, query.get(name) ?? ''])) as Readonly<Record<Name, string>>;

/** The query that asks the monitor for what is filtered. */
export const askedBy = ({ range, from, ...rest }: AnyFilters): Record<string, string | undefined> => ({
  ...rest,
  from: from === '' ? rangeStart(range) : from,
});

/** Names of accounts, for filters. */
export const useAccounts = (): readonly string[] => {
  const { data } = useResource('accounts', (signal) => get<StatusAnswer>('/status', {}, signal));
  return data?.accounts.map(({ name }) => name) ?? [];
};

/** One of the accounts, or of `others` that stand where an account does; nothing where there is one. */
export const AccountChoice = ({
  value,
  others = [],
}: {
  readonly value: string;
  readonly others?: readonly (readonly [string, string])[];
}) => {
  const accounts = useAccounts();
  return accounts.length > 1 || value !== '' ? (
    <Choice
      label="Account"
      value={value}
      options={[['', 'Every account'], ...accounts.map((name) => [name, name] as const), ...others]}
      onChange={(account) => changeQuery({ account })}
    />
  ) : null;
};

const CALLED: Readonly<Record<string, string>> = { range: 'last', to: 'until' };
const SHOWN: Readonly<Record<string, (value: string) => string>> = { from: utcText, to: utcText };
const withSpaces = (value: string): string => value.replaceAll(',', ', ');

/** The filters of a list: a search, a time and those of the list itself; below them, what is set. */
export const ListFilters = ({
  of,
  values,
  called = {},
  shown = {},
  children,
}: {
  /** What is in the list. */
  readonly of: string;
  readonly values: AnyFilters;
  /** How a filter that is set is called where that is not its name. */
  readonly called?: Readonly<Record<string, string>>;
  /** What is shown of its value where that is not the value itself. */
  readonly shown?: Readonly<Record<string, (value: string) => string>>;
  readonly children: ComponentChildren;
}) => {
  const { path } = useCell(route);
  const names: Readonly<Record<string, string>> = { ...CALLED, ...called };
  const texts: Readonly<Record<string, (value: string) => string>> = { ...SHOWN, ...shown };
  const chips = Object.entries(values)
    .filter(([name, value]) => value !== '' && name !== 'search')
    .map(([name, value]) => ({
      name: names[name] ?? name,
      value: (texts[name] ?? withSpaces)(value),
      remove: () => changeQuery({ [name]: undefined }),
    }));
  return (
    <>
      <FilterBar label={`Filter ${of}`} active={chips.length}>
        <SearchBox
          slash
          label={`Search ${of}`}
          placeholder="Search"
          value={values.search}
          onChange={(search) => changeQuery({ search })}
        />
        <TimeRange range={values.range} from={values.from} to={values.to} onChange={changeQuery} />
        {children}
      </FilterBar>
      <Chips items={chips} onClear={() => navigate(path, { replace: true })} />
    </>
  );
};
