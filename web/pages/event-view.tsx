import { useState } from 'preact/hooks';
import { get } from '../data/api.ts';
import { useResource } from '../data/resource.ts';
import { pathOf, withQuery } from '../data/route.ts';
import type { EventDetail, EventRow } from '../data/shapes.ts';
import { durationText, timeText } from '../data/time.ts';
import { CopyButton, JsonDiff, JsonView } from '../ui/json-view.tsx';
import { LevelMark } from '../ui/marks.tsx';
import { Facts } from '../ui/panel.tsx';
import { Loaded } from '../ui/states.tsx';
import { Text } from '../ui/text.tsx';
import { Time } from '../ui/time.tsx';
import { EventReasons } from './event-reasons.tsx';

/** One event: what happened, what it raised and why, and what was before. */
export const EventView = ({ account, id }: { readonly account: string; readonly id: string }) => {
  const path = `/events/${encodeURIComponent(account)}/${encodeURIComponent(id)}`;
  const detail = useResource(path, (signal) => get<EventDetail>(path, {}, signal));
  return (
    <Loaded of={detail} lines={8}>
      {(data) => <Detail data={data} />}
    </Loaded>
  );
};

const filterLink = (name: string, value: string) =>
  value === '' ? (
    <span class="muted">none</span>
  ) : (
    <a href={withQuery('/events', new URLSearchParams(), { [name]: value })} title="All events with this">
      <Text value={value} />
    </a>
  );

const Detail = ({ data }: { readonly data: EventDetail }) => {
  const { event, previous, alerts } = data;
  const [compare, setCompare] = useState(true);
  return (
    <div class="detail">
      <header class="detail-head">
        <p>
          <code class="type">
            <Text value={event.event_type} />
          </code>
        </p>
        <h2>
          <Text value={event.sentence} />
        </h2>
      </header>
      <Facts
        items={[
          ['Happened', <Time at={event.created_at} />],
          ['Seen', <Seen event={event} />],
          ['Account', filterLink('account', event.account)],
          ['Who', filterLink('user', event.who)],
          ['Address', filterLink('ip', event.ip)],
          ['Country', filterLink('country', event.country)],
          [
            'Id',
            <code>
              <Text value={event.id} />
            </code>,
          ],
        ]}
      />
      <section class="detail-part">
        <h3>Alerts</h3>
        {alerts.length === 0 ? (
          <p class="muted">No rule matched, so nothing was sent.</p>
        ) : (
          <ul class="lines boxed">
            {alerts.map((alert) => (
              <li key={alert.id}>
                <a class="line" href={pathOf('alerts', alert.id)}>
                  <LevelMark level={alert.level} />
                  <span class="line-main">
                    <strong>
                      <Text value={alert.title} />
                    </strong>{' '}
                    <span class="muted">
                      <Text value={alert.message} max={240} />
                    </span>
                  </span>
                  <Time at={alert.decided_at} />
                </a>
              </li>
            ))}
          </ul>
        )}
      </section>
      <EventReasons
        account={event.account}
        id={event.id}
        matched={alerts.some(({ kind }) => kind === 'rule')}
      />
      <section class="detail-part">
        <h3>
          Content
          <span class="part-actions">
            {previous !== null && (
              <label class="check">
                <input
                  type="checkbox"
                  checked={compare}
                  onChange={(change) => setCompare(change.currentTarget.checked)}
                />{' '}
                Beside the one before
              </label>
            )}
            <CopyButton label="Copy JSON" text={() => JSON.stringify(event.json, undefined, 2)} />
          </span>
        </h3>
        {previous !== null && compare ? (
          <>
            <p class="muted">
              Before it, about the same object:{' '}
              <a href={pathOf('events', previous.account, previous.id)}>
                <Text value={previous.sentence} max={200} />
              </a>{' '}
              (<Time at={previous.created_at} />)
            </p>
            <JsonDiff
              before={previous.json}
              after={event.json}
              beforeLabel={`Before: ${timeText(Date.parse(previous.created_at), Date.now())}`}
              afterLabel={`This one: ${timeText(Date.parse(event.created_at), Date.now())}`}
            />
          </>
        ) : (
          <>
            {previous === null && <p class="muted">No earlier event about the same object is stored.</p>}
            <JsonView value={event.json} label="Content of the event as JSON" />
          </>
        )}
      </section>
    </div>
  );
};

const Seen = ({ event }: { readonly event: EventRow }) => {
  if (event.seen_at === null) return <span class="muted">not stored</span>;
  const later = Date.parse(event.seen_at) - Date.parse(event.created_at);
  return (
    <>
      <Time at={event.seen_at} />
      <span class="muted">, {durationText(Math.max(0, later))} later</span>
    </>
  );
};
