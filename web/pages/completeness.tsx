import { get } from '../data/api.ts';
import { useCell } from '../data/cell.ts';
import { useResource } from '../data/resource.ts';
import { pathOf, route } from '../data/route.ts';
import type { CalendarAnswer, CompletenessList } from '../data/shapes.ts';
import { counted, countText, DAY, durationText } from '../data/time.ts';
import { useFew } from '../ui/few.tsx';
import { Icon } from '../ui/icon.tsx';
import { Tag } from '../ui/marks.tsx';
import { Page } from '../ui/page.tsx';
import { Panel } from '../ui/panel.tsx';
import { Empty, Loaded } from '../ui/states.tsx';
import { Text } from '../ui/text.tsx';
import { Time } from '../ui/time.tsx';
import { Calendar } from './calendar.tsx';

const DAYS = 363;
/** Ranges that are shown; the ledger merges what belongs together, so more are rare. */
const MAX_RANGES = 200;

/** What is proven about the trail of each account. */
export const CompletenessPage = () => {
  const { parts } = useCell(route);
  const list = useResource('completeness', (signal) => get<CompletenessList>('/completeness', {}, signal));
  return (
    <Page
      title="Completeness"
      lead="What has been read of the trail, and what that proves: a stretch is complete when as many events were read as the API counts."
    >
      <Loaded of={list}>
        {({ items }) => {
          const chosen = items.find(({ account }) => account === parts[1]) ?? items[0];
          if (!chosen) return <Empty icon="question" title="No accounts" />;
          return (
            <>
              {items.length > 1 && <AccountTabs items={items} chosen={chosen} />}
              <Proof item={chosen} />
              <Ledger key={chosen.account} account={chosen.account} />
            </>
          );
        }}
      </Loaded>
    </Page>
  );
};

/** Tabs that fit on a page; of more accounts, those that are not complete, the one that is shown, and whoever is looked for. */
const MAX_TABS = 12;

type Item = CompletenessList['items'][number];

const AccountTabs = ({ items, chosen }: { readonly items: readonly Item[]; readonly chosen: Item }) => {
  const { shown, search, rest } = useFew(items, {
    max: MAX_TABS,
    what: 'accounts',
    nameOf: ({ account }) => account,
    rank: (item) => (item === chosen ? 0 : isComplete(item) ? 2 : 1),
  });
  return (
    <>
      {search && <div class="few-search">{search}</div>}
      {shown.length > 0 && (
        <nav class="tabs" aria-label="Accounts">
          {shown.map(({ account }) => (
            <a
              key={account}
              href={pathOf('completeness', account)}
              aria-current={account === chosen.account ? 'page' : undefined}
            >
              <Text value={account} />
            </a>
          ))}
        </nav>
      )}
      {rest}
    </>
  );
};

/** The times before the first reading are no gap. */
const isComplete = ({ complete_until: until, unverified, never_read: never }: Item): boolean =>
  until !== null && unverified.length === 0 && never.every(({ from }) => from === null);

const Proof = ({ item }: { readonly item: Item }) => {
  const gaps = item.never_read.filter(({ from }) => from !== null);
  const tone = isComplete(item) ? 'good' : 'doubt';
  const since = item.never_read.find(({ from }) => from === null)?.to;
  return (
    <section class={`verdict ${tone}`} aria-label="Proven">
      <p class="verdict-sentence">
        <Icon name={tone === 'good' ? 'good' : 'warning'} size={22} />
        <span>
          {item.complete_until === null ? (
            'Nothing is proven yet.'
          ) : (
            <>
              {tone === 'good' ? 'Complete' : 'Read'}
              {since !== undefined && (
                <>
                  {' '}
                  from <Time at={since} />
                </>
              )}{' '}
              up to <Time at={item.complete_until} />
              {tone === 'good' ? '.' : ', but for what follows.'}
            </>
          )}
        </span>
      </p>
      <ul class="problems">
        {item.unverified.map((range) => (
          <li key={range.from} class="doubtful">
            <Icon name="warning" size={14} />
            <span>
              Unverified: <Time at={range.from} /> to <Time at={range.to} /> (<Text value={range.reason} />
              ).{' '}
              {range.read_again_at === null ? (
                'The API contradicts itself for good.'
              ) : (
                <>
                  Read again <Time at={range.read_again_at} ago />.
                </>
              )}
            </span>
          </li>
        ))}
        {gaps.map((range) => (
          <li key={range.to} class="doubtful">
            <Icon name="warning" size={14} />
            <span>
              Never read: {range.from !== null && <Time at={range.from} />} to <Time at={range.to} />. The
              command <code>backfill</code> reads it.
            </span>
          </li>
        ))}
      </ul>
      <p class="muted verdict-note">
        {item.late === 0 ? 'No event was' : counted(item.late, 'event')} found late, where the trail had been
        read before. An overlap of {durationText(item.proposed_overlap_seconds * 1_000)} would have been
        enough.
      </p>
    </section>
  );
};

const Ledger = ({ account }: { readonly account: string }) => {
  const path = `/completeness/${encodeURIComponent(account)}`;
  const calendar = useResource(path, (signal) => {
    const today = Math.floor(Date.now() / DAY) * DAY;
    return get<CalendarAnswer>(
      path,
      { from: new Date(today - DAYS * DAY).toISOString(), to: new Date(today + DAY).toISOString() },
      signal,
    );
  });
  return (
    <Loaded of={calendar} lines={8}>
      {({ days, ranges, lateness }) => (
        <>
          <Panel title="Days" hint="UTC, last twelve months">
            <Calendar days={days} account={account} />
          </Panel>
          <div class="columns wide-left">
            <Panel title="Ledger" flush hint={counted(ranges.length, 'range')}>
              <RangeTable ranges={ranges} />
            </Panel>
            <Panel title="How late events were found">
              <Lateness lateness={lateness} />
            </Panel>
          </div>
        </>
      )}
    </Loaded>
  );
};

const RangeTable = ({ ranges }: { readonly ranges: CalendarAnswer['ranges'] }) =>
  ranges.length === 0 ? (
    <Empty icon="question" title="Nothing has been read yet." />
  ) : (
    <table class="table stack">
      <thead>
        <tr>
          <th scope="col">From</th>
          <th scope="col">To</th>
          <th scope="col">State</th>
          <th scope="col" class="end">
            Events
          </th>
          <th scope="col" class="end">
            Late
          </th>
          <th scope="col">Read</th>
        </tr>
      </thead>
      <tbody>
        {[...ranges]
          .reverse()
          .slice(0, MAX_RANGES)
          .map((range) => (
            <tr key={range.from}>
              <th scope="row" class="regular">
                <Time at={range.from} />
              </th>
              <td data-name="To">
                <Time at={range.to} />
              </td>
              <td data-name="State">
                <Tag tone={range.verified ? 'good' : 'doubt'}>
                  {range.verified ? 'verified' : 'unverified'}
                </Tag>
                {range.reason !== '' && (
                  <span class="cell-note">
                    <Text value={range.reason} />
                  </span>
                )}
              </td>
              <td data-name="Events" class="end num">
                {countText(range.events)}
              </td>
              <td data-name="Late" class="end num">
                {countText(range.late)}
              </td>
              <td data-name="Read">
                <Time at={range.read_at} ago />
              </td>
            </tr>
          ))}
      </tbody>
    </table>
  );

const Lateness = ({ lateness }: { readonly lateness: CalendarAnswer['lateness'] }) => {
  const most = Math.max(1, ...lateness.map(({ count }) => count));
  const all = lateness.reduce((sum, { count }) => sum + count, 0);
  if (all === 0) return <p class="muted">Nothing measured yet.</p>;
  return (
    <dl class="bars">
      {lateness.map(({ up_to_seconds: seconds, count }) => (
        <div key={seconds}>
          <dt>{seconds === 0 ? 'on time' : `up to ${durationText(seconds * 1_000)}`}</dt>
          <dd>
            <i
              class="meter"
              style={{ width: `${Math.max(count > 0 ? 1 : 0, (count / most) * 100)}%` }}
              aria-hidden="true"
            />
            <span class="num">{countText(count)}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
};
