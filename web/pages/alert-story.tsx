import { plainText } from '../data/hidden-text.ts';
import { pathOf } from '../data/route.ts';
import type { AlertStoryAnswer } from '../data/shapes.ts';
import { counted, durationText } from '../data/time.ts';
import { LevelMark, Tag } from '../ui/marks.tsx';
import { Facts } from '../ui/panel.tsx';
import { References } from '../ui/references.tsx';
import { Text } from '../ui/text.tsx';
import { Time } from '../ui/time.tsx';

/* The parts of an alert's story, each an item of a list. */

type Alert = AlertStoryAnswer['alert'];

/** The events, and what the alert says of them. */
export const WhatHappened = ({ alert, events }: Pick<AlertStoryAnswer, 'alert' | 'events'>) => {
  const gone = alert.event_ids.length - events.length;
  return (
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
            , seen {durationText(Math.max(0, Date.parse(event.seen_at) - Date.parse(event.created_at)))} later
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
  );
};

/** By which rule, and what else it stands for. */
export const WhatWasDecided = ({ alert, folded }: Pick<AlertStoryAnswer, 'alert' | 'folded'>) => {
  const later = Date.parse(alert.decided_at) - Date.parse(alert.created_at);
  return (
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
  );
};

/** Nothing when nobody did anything. */
export const WhatPeopleDid = ({ acts }: Pick<AlertStoryAnswer, 'acts'>) =>
  acts.length === 0 ? null : (
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
  );

/** Names of fields may repeat; what is drawn needs keys of its own. */
const uniqueName = ({ fields }: Alert, name: string, at: number): string =>
  fields.findIndex((field) => field.name === name) === at
    ? plainText(name)
    : `${plainText(name)} (${at + 1})`;
