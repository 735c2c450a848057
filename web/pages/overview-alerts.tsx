import { pathOf } from '../data/route.ts';
import type { AlertRow } from '../data/shapes.ts';
import { LevelMark } from '../ui/marks.tsx';
import { Text } from '../ui/text.tsx';
import { Time } from '../ui/time.tsx';
import { AlertTags } from './alert-tags.tsx';

/** An alert as one line of a short list. */
export const AlertLine = ({ alert }: { readonly alert: AlertRow }) => (
  <li>
    <a class="line" href={pathOf('alerts', alert.id)}>
      <LevelMark level={alert.level} />
      <span class="line-main">
        <strong>
          <Text value={alert.rule.title} max={120} />
        </strong>{' '}
        <span class="muted">
          <Text value={alert.message} max={240} />
        </span>
      </span>
      <AlertTags alert={alert} />
      <Time at={alert.decided_at} ago />
    </a>
  </li>
);
