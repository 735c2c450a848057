import { pathOf } from '../data/route.ts';
import type { AlertStoryAnswer } from '../data/shapes.ts';
import { bytesText, durationText } from '../data/time.ts';
import { DeliveryTag, Tag } from '../ui/marks.tsx';
import { Text } from '../ui/text.tsx';
import { Time } from '../ui/time.tsx';

type Delivery = AlertStoryAnswer['deliveries'][number];

const OUTCOMES = { sent: 'good', retry: 'doubt', rejected: 'bad' } as const;

/** Every delivery of an alert with why it was made and what each try came to. */
export const AlertDeliveries = ({ deliveries }: { readonly deliveries: readonly Delivery[] }) =>
  deliveries.length === 0 ? (
    <p class="muted">Recorded, and sent nowhere: no route takes it.</p>
  ) : (
    <>
      {deliveries.map((delivery) => (
        <DeliveryStory key={delivery.id} delivery={delivery} />
      ))}
    </>
  );

const DeliveryStory = ({ delivery }: { readonly delivery: Delivery }) => (
  <article class="delivery">
    <header>
      <strong>
        <Text value={delivery.sink} />
      </strong>
      <DeliveryTag state={delivery.state} />
      {delivery.ended_at !== null && <Time at={delivery.ended_at} />}
      {delivery.ended_at === null && delivery.due_at !== null && (
        <span class="muted">
          next try <Time at={delivery.due_at} />
        </span>
      )}
    </header>
    {delivery.why.map(({ reason, text }) => (
      <p key={reason + text} class="muted">
        <Text value={text} />
      </p>
    ))}
    {delivery.silence !== null && (
      <p>
        hidden by the silence{' '}
        <a href={`/silences#${encodeURIComponent(delivery.silence)}`}>
          <code>
            <Text value={delivery.silence} />
          </code>
        </a>
      </p>
    )}
    {delivery.told_in !== null && (
      <p>
        told in <a href={pathOf('alerts', delivery.told_in.alert)}>another alert</a>{' '}
        <Tag>{delivery.told_in.state}</Tag>
      </p>
    )}
    {delivery.tries.length > 0 && (
      <ol class="tries">
        {delivery.tries.map((one, at) => (
          <li key={at}>
            <Tag tone={OUTCOMES[one.outcome]}>{one.outcome}</Tag>
            <Time at={one.started_at} />
            <span class="muted num">
              {[
                durationText(one.duration_ms),
                one.status === null ? '' : `status ${one.status}`,
                one.bytes === null ? '' : bytesText(one.bytes),
              ]
                .filter((part) => part !== '')
                .join(' · ')}
            </span>
            <span class="try-detail">
              <Text value={one.detail} max={600} />
            </span>
          </li>
        ))}
      </ol>
    )}
    {delivery.acts.map(({ act, at, by, detail }) => (
      <p key={at + act}>
        {act} by{' '}
        <strong>
          <Text value={by} />
        </strong>{' '}
        <Time at={at} />{' '}
        <span class="muted">
          <Text value={detail} />
        </span>
      </p>
    ))}
  </article>
);
