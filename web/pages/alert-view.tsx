import { useEffect, useState } from 'preact/hooks';
import { get } from '../data/api.ts';
import { plainText } from '../data/hidden-text.ts';
import { useShortcuts } from '../data/keys.ts';
import { onLive } from '../data/live.ts';
import { useResource, useThrottled } from '../data/resource.ts';
import { navigate, pathOf, withQuery } from '../data/route.ts';
import type { AlertStoryAnswer } from '../data/shapes.ts';
import { counted, durationText } from '../data/time.ts';
import { Icon } from '../ui/icon.tsx';
import { LevelMark, Tag } from '../ui/marks.tsx';
import { useMayOperate, ViewOnly } from '../ui/operate.tsx';
import { Facts } from '../ui/panel.tsx';
import { References } from '../ui/references.tsx';
import { Loaded } from '../ui/states.tsx';
import { Text } from '../ui/text.tsx';
import { Time } from '../ui/time.tsx';
import { type Act, AlertAct } from './alert-acts.tsx';
import { AlertDeliveries } from './alert-deliveries.tsx';

type Alert = AlertStoryAnswer['alert'];

/** The story of one alert: what happened, what was decided, where it went, and what people did about it. */
export const AlertView = ({ id, onChanged }: { readonly id: string; readonly onChanged: () => void }) => {
  const story = useResource(id, (signal) =>
    get<AlertStoryAnswer>(`/alerts/${encodeURIComponent(id)}`, {}, signal),
  );
  const again = useThrottled(story.reload, 300);
  useEffect(() => {
    const ends = [
      onLive('delivery', (delivery) => {
        if (delivery.alert === id) again();
      }),
      // What has no row of its own, and deliveries that went through their states between two looks.
      onLive('status', again),
    ];
    return () => {
      for (const end of ends) end();
    };
  }, [id, again]);
  return (
    <Loaded of={story} lines={8}>
      {(data) => (
        <Story
          story={data}
          onChanged={() => {
            story.reload();
            onChanged();
          }}
        />
      )}
    </Loaded>
  );
};

/** The address of the form for a silence that would have hidden this alert. */
const silenceLink = ({ rule, account }: Alert): string =>
  withQuery('/silences', new URLSearchParams(), { new: '1', rule: rule.id, account: account ?? undefined });

const Story = ({
  story,
  onChanged,
}: {
  readonly story: AlertStoryAnswer;
  readonly onChanged: () => void;
}) => {
  const { alert, events, deliveries, folded, acts } = story;
  const may = useMayOperate();
  const [act, setAct] = useState<Act | undefined>(undefined);
  const parked = deliveries.filter(({ state }) => state === 'parked');
  useShortcuts('Alert', [
    ...(may && !alert.acknowledged
      ? [{ keys: 'a', label: 'Acknowledge', run: () => setAct('acknowledge') }]
      : []),
    ...(may ? [{ keys: 's', label: 'Silence', run: () => navigate(silenceLink(alert)) }] : []),
    ...(may && parked.length > 0
      ? [{ keys: 'r', label: 'Retry what is parked', run: () => setAct('retry') }]
      : []),
  ]);
  const later = Date.parse(alert.decided_at) - Date.parse(alert.created_at);
  const gone = alert.event_ids.length - events.length;
  return (
    <div class="detail">
      <header class="detail-head">
        <p class="tags">
          <LevelMark level={alert.level} />
          {alert.kind !== 'rule' && <Tag>{alert.kind}</Tag>}
          {alert.status === 'resolved' && <Tag tone="good">resolved</Tag>}
          {alert.acknowledged && <Tag tone="good">acknowledged by {plainText(alert.acknowledged.by)}</Tag>}
        </p>
        <h2>
          <Text value={alert.rule.title} />
        </h2>
        <p class="message">
          <Text value={alert.message} />
        </p>
        {may && (
          <div class="buttons">
            {!alert.acknowledged && (
              <button type="button" class="button" onClick={() => setAct('acknowledge')}>
                <Icon name="check" size={14} /> Acknowledge
              </button>
            )}
            <a class="button" href={silenceLink(alert)}>
              <Icon name="silences" size={14} /> Silence
            </a>
            {parked.length > 0 && (
              <>
                <button type="button" class="button primary" onClick={() => setAct('retry')}>
                  <Icon name="retry" size={14} /> Retry
                </button>
                <button type="button" class="button" onClick={() => setAct('drop')}>
                  Drop
                </button>
              </>
            )}
          </div>
        )}
        <ViewOnly what="acknowledge, silence or retry" />
      </header>

      <ol class="story">
        <li>
          <h3>What happened</h3>
          {alert.fields.length > 0 && (
            <Facts
              items={alert.fields.map(({ name, value }, at) => [
                uniqueName(alert, name, at),
                <Text value={value} />,
              ])}
            />
          )}
          {events.map((event) => (
            <p key={event.id}>
              <a href={pathOf('events', event.account, event.id)}>
                <code class="type">
                  <Text value={event.event_type} />
                </code>
              </a>{' '}
              <Time at={event.created_at} />
              <span class="muted">
                , seen {durationText(Math.max(0, Date.parse(event.seen_at) - Date.parse(event.created_at)))}{' '}
                later
              </span>
            </p>
          ))}
          {gone > 0 && <p class="muted">{counted(gone, 'more event')} no longer kept</p>}
          {events.length === 0 && gone <= 0 && (
            <p class="muted">
              {alert.kind === 'system'
                ? 'The monitor about itself: no event.'
                : 'No event: something was missing, or others are told here.'}
            </p>
          )}
        </li>
        <li>
          <h3>What was decided</h3>
          <Facts
            items={[
              [
                'Rule',
                alert.kind === 'rule' ? (
                  <a href={pathOf('rules', alert.rule.id)}>
                    <Text value={alert.rule.title} />
                  </a>
                ) : (
                  <code>
                    <Text value={alert.rule.id} />
                  </code>
                ),
              ],
              ['Happened', <Time at={alert.created_at} />],
              [
                'Decided',
                <>
                  <Time at={alert.decided_at} />
                  <span class="muted">, {durationText(Math.max(0, later))} later</span>
                </>,
              ],
              [
                'Account',
                alert.account === null ? (
                  <span class="muted">the monitor as a whole</span>
                ) : (
                  <Text value={alert.account} />
                ),
              ],
              ...(alert.tags.length > 0
                ? [
                    [
                      'Tags',
                      <span class="tags">
                        {alert.tags.map((tag) => (
                          <Tag key={tag}>
                            <Text value={tag} />
                          </Tag>
                        ))}
                      </span>,
                    ] as const,
                  ]
                : []),
              ...(alert.references.length > 0
                ? [['References', <References urls={alert.references} />] as const]
                : []),
              [
                'Id',
                <code>
                  <Text value={alert.id} />
                </code>,
              ],
            ]}
          />
          {folded.length > 0 && (
            <>
              <p class="muted">It stands for:</p>
              <ul class="lines boxed">
                {folded.map((one) => (
                  <li key={one.id}>
                    <a class="line" href={pathOf('alerts', one.id)}>
                      <LevelMark level={one.level} />
                      <span class="line-main">
                        <strong>
                          <Text value={one.title} />
                        </strong>{' '}
                        <span class="muted">
                          <Text value={one.message} max={200} />
                        </span>
                      </span>
                    </a>
                  </li>
                ))}
              </ul>
            </>
          )}
        </li>
        <li>
          <h3>Where it went</h3>
          <AlertDeliveries deliveries={deliveries} />
        </li>
        {acts.length > 0 && (
          <li>
            <h3>What people did</h3>
            {acts.map(({ act: name, at, by, detail }) => (
              <p key={at + name}>
                {name} by{' '}
                <strong>
                  <Text value={by} />
                </strong>{' '}
                <Time at={at} />
                {detail !== '' && (
                  <span class="muted">
                    {' '}
                    <Text value={detail} />
                  </span>
                )}
              </p>
            ))}
          </li>
        )}
      </ol>
      {act !== undefined && (
        <AlertAct
          act={act}
          alert={alert}
          parked={parked}
          onClose={() => setAct(undefined)}
          onDone={onChanged}
        />
      )}
    </div>
  );
};

/** Names of fields may repeat; what is drawn needs keys of its own. */
const uniqueName = ({ fields }: Alert, name: string, at: number): string =>
  fields.findIndex((field) => field.name === name) === at
    ? plainText(name)
    : `${plainText(name)} (${at + 1})`;
