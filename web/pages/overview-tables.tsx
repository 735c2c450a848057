import { pathOf, withQuery } from '../data/route.ts';
import type { AccountStatus, SinkStatus } from '../data/shapes.ts';
import { counted, countText, durationText } from '../data/time.ts';
import { useFew } from '../ui/few.tsx';
import { Tag, type Tone } from '../ui/marks.tsx';
import { Panel } from '../ui/panel.tsx';
import { Empty } from '../ui/states.tsx';
import { Text } from '../ui/text.tsx';
import { Time } from '../ui/time.tsx';

const ACCOUNT_TONES: Readonly<Record<AccountStatus['state'], Tone>> = {
  ok: 'good',
  starting: 'accent',
  behind: 'doubt',
  failing: 'bad',
  standby: 'quiet',
};

/** How complete an account is, in words. */
const completeText = ({
  watermark,
  unverified,
  never_read: never,
}: Pick<AccountStatus, 'watermark' | 'unverified' | 'never_read'>): string => {
  if (watermark === null) return 'nothing read';
  const parts = [
    ...(unverified.length > 0 ? [`${unverified.length} unverified`] : []),
    ...(never.some(({ from }) => from !== null) ? ['gaps never read'] : []),
  ];
  return parts.length === 0 ? 'complete' : parts.join(', ');
};

/** Accounts on the first page; of more, those in trouble, and whoever is looked for. */
const MAX_ACCOUNTS = 30;
const RANKS: Readonly<Record<AccountStatus['state'], number>> = {
  failing: 0,
  behind: 1,
  starting: 2,
  standby: 3,
  ok: 3,
};

/** How many accounts there are, and of many in which states. */
const accountsHint = (accounts: readonly AccountStatus[]): string => {
  if (accounts.length <= MAX_ACCOUNTS) return counted(accounts.length, 'account');
  const states = Map.groupBy(accounts, ({ state }) => state);
  const parts = [...states].toSorted(([a], [b]) => RANKS[a] - RANKS[b]);
  return `${counted(accounts.length, 'account')}: ${parts.map(([state, of]) => `${countText(of.length)} ${state}`).join(', ')}`;
};

/** The accounts with how each is. Thousands are not drawn: first those in trouble, the others by their name. */
export const Accounts = ({ accounts }: { readonly accounts: readonly AccountStatus[] }) => {
  const { shown, search, rest } = useFew(accounts, {
    max: MAX_ACCOUNTS,
    what: 'accounts',
    nameOf: ({ name }) => name,
    rank: (account) => RANKS[account.state] - (completeText(account) === 'complete' ? 0 : 0.5),
  });
  return (
    <Panel title="Accounts" flush hint={accountsHint(accounts)} actions={search}>
      {shown.length > 0 && <AccountTable accounts={shown} />}
      {rest}
    </Panel>
  );
};

const AccountTable = ({ accounts }: { readonly accounts: readonly AccountStatus[] }) => (
  <table class="table stack">
    <thead>
      <tr>
        <th scope="col">Account</th>
        <th scope="col">State</th>
        <th scope="col">Read up to</th>
        <th scope="col">Trail</th>
        <th scope="col">Last pass</th>
        <th scope="col" class="end">
          Events
        </th>
      </tr>
    </thead>
    <tbody>
      {accounts.map((account) => (
        <tr key={account.name}>
          <th scope="row">
            <a href={withQuery('/events', new URLSearchParams(), { account: account.name })}>
              <Text value={account.name} />
            </a>
          </th>
          <td data-name="State">
            <Tag tone={ACCOUNT_TONES[account.state]}>{account.state}</Tag>
            {(account.reason ?? account.last_poll_error) !== null && (
              <span class="cell-note">
                <Text value={account.reason ?? account.last_poll_error ?? ''} max={200} />
              </span>
            )}
            {account.backfills.map(({ id, unread_until: until, events }) => (
              <span key={id} class="cell-note">
                backfill: read back to <Time at={until} />, {countText(events)} events
              </span>
            ))}
          </td>
          <td data-name="Read up to">
            {account.watermark === null ? (
              <span class="muted">nothing yet</span>
            ) : (
              <Time at={account.watermark} />
            )}
            {account.watermark_age_seconds !== null && account.watermark_age_seconds >= 60 && (
              <span class="muted"> {durationText(account.watermark_age_seconds * 1_000)} behind</span>
            )}
          </td>
          <td data-name="Trail">
            <a href={pathOf('completeness', account.name)}>{completeText(account)}</a>
            {account.late > 0 && <span class="muted">, {countText(account.late)} late</span>}
          </td>
          <td data-name="Last pass">
            {account.last_poll_at === null ? (
              <span class="muted">none</span>
            ) : (
              <Time at={account.last_poll_at} ago />
            )}
          </td>
          <td data-name="Events" class="end num">
            {account.events === null ? '' : countText(account.events)}
          </td>
        </tr>
      ))}
    </tbody>
  </table>
);

const SINK_TONES: Readonly<Record<SinkStatus['state'], Tone>> = {
  ok: 'good',
  off: 'quiet',
  retrying: 'doubt',
  paused: 'doubt',
  circuit_open: 'bad',
  parked: 'bad',
  behind: 'doubt',
};
const SINK_WORDS: Readonly<Partial<Record<SinkStatus['state'], string>>> = { circuit_open: 'circuit open' };

export const SinkTable = ({ sinks }: { readonly sinks: readonly SinkStatus[] }) =>
  sinks.length === 0 ? (
    <Empty icon="warning" title="No sinks">
      Alerts are recorded and sent nowhere.
    </Empty>
  ) : (
    <table class="table stack">
      <thead>
        <tr>
          <th scope="col">Sink</th>
          <th scope="col">State</th>
          <th scope="col" class="end">
            Waiting
          </th>
          <th scope="col" class="end">
            Parked
          </th>
          <th scope="col" class="end">
            Sent
          </th>
          <th scope="col">Last success</th>
        </tr>
      </thead>
      <tbody>
        {sinks.map((sink) => (
          <tr key={sink.name}>
            <th scope="row">
              <a href={withQuery('/deliveries', new URLSearchParams(), { sink: sink.name })}>
                <Text value={sink.name} />
              </a>{' '}
              <span class="muted regular">{sink.type}</span>
            </th>
            <td data-name="State">
              <Tag tone={SINK_TONES[sink.state]}>{SINK_WORDS[sink.state] ?? sink.state}</Tag>
              {sink.reason !== null && (
                <span class="cell-note">
                  <Text value={sink.reason} max={200} />
                </span>
              )}
              {sink.circuit_open_until !== null && (
                <span class="cell-note">
                  next probe <Time at={sink.circuit_open_until} ago />
                </span>
              )}
              {sink.feed !== null && sink.feed.events > 0 && (
                <span class="cell-note">{countText(sink.feed.events)} events still to feed</span>
              )}
            </td>
            <td data-name="Waiting" class="end num">
              {countText(sink.queue)}
              {(sink.held ?? 0) > 0 && <span class="muted"> ({sink.held} held)</span>}
              {sink.oldest_due_at !== null && (
                <span class="cell-note">
                  since <Time at={sink.oldest_due_at} />
                </span>
              )}
            </td>
            <td data-name="Parked" class="end num">
              {sink.parked > 0 ? (
                <a
                  class="bad-text"
                  href={withQuery('/deliveries', new URLSearchParams(), { sink: sink.name, state: 'parked' })}
                >
                  {countText(sink.parked)}
                </a>
              ) : (
                '0'
              )}
            </td>
            <td data-name="Sent" class="end num">
              {countText(sink.sent)}
            </td>
            <td data-name="Last success">
              {sink.last_success_at === null ? (
                <span class="muted">none yet</span>
              ) : (
                <Time at={sink.last_success_at} ago />
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
