import { pathOf, withQuery } from '../data/route.ts';
import type { AccountStatus, SinkStatus } from '../data/shapes.ts';
import { countText, durationText } from '../data/time.ts';
import { Tag, type Tone } from '../ui/marks.tsx';
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
  unverified,
  never_read: never,
}: Pick<AccountStatus, 'unverified' | 'never_read'>): string => {
  const parts = [
    ...(unverified.length > 0 ? [`${unverified.length} unverified`] : []),
    ...(never.some(({ from }) => from !== null) ? ['gaps never read'] : []),
  ];
  return parts.length === 0 ? 'complete' : parts.join(', ');
};

export const AccountTable = ({ accounts }: { readonly accounts: readonly AccountStatus[] }) => (
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
