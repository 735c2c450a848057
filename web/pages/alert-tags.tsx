import { plainText } from '../data/hidden-text.ts';
import type { AlertRow, DeliveryRow } from '../data/shapes.ts';
import { DeliveryTag, Tag } from '../ui/marks.tsx';

/** States of deliveries that a person should know of before all. */
const ORDER: readonly DeliveryRow['state'][] = [
  'parked',
  'dropped',
  'pending',
  'sending',
  'silenced',
  'folded',
];

/** How an alert stands: what is unusual about it, in few words. */
export const AlertTags = ({ alert }: { readonly alert: AlertRow }) => {
  const counts = alert.deliveries;
  return (
    <span class="tags">
      {alert.kind !== 'rule' && <Tag>{alert.kind}</Tag>}
      {alert.status === 'resolved' && <Tag tone="good">resolved</Tag>}
      {alert.acknowledged && (
        <Tag tone="good" title={`by ${plainText(alert.acknowledged.by)}`}>
          acknowledged
        </Tag>
      )}
      {ORDER.filter((state) => (counts[state] ?? 0) > 0).map((state) => (
        <DeliveryTag key={state} state={state} count={counts[state] ?? 0} />
      ))}
    </span>
  );
};
