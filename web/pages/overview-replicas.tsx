import type { StatusAnswer } from '../data/shapes.ts';
import { counted } from '../data/time.ts';
import { Tag } from '../ui/marks.tsx';
import { Facts, Panel } from '../ui/panel.tsx';
import { Text } from '../ui/text.tsx';
import { Time } from '../ui/time.tsx';

type ReplicaStatus = StatusAnswer['replicas'][number];

/** Host and process id of a replica's name. */
const labelOf = ({ id }: ReplicaStatus): string => {
  const [host = '', , pid] = id.split('/');
  return pid === undefined ? id : `${host}, process ${pid}`;
};

const holds = ({ accounts, sinks, feeds, duties }: ReplicaStatus): string =>
  [
    counted(accounts, 'account'),
    counted(sinks, 'sink'),
    feeds === 0 ? '' : counted(feeds, 'feed'),
    duties === 0 ? '' : duties === 1 ? '1 duty' : `${duties} duties`,
  ]
    .filter((text) => text !== '')
    .join(', ');

/** The processes that share the work on a database; nothing where there is one on a file. */
export const Replicas = ({ status }: { readonly status: StatusAnswer }) =>
  status.replicas.length === 0 ? null : (
    <Panel title="Replicas">
      {status.config_skew && (
        <p>
          <Tag tone="doubt">they work by different configurations</Tag>
        </p>
      )}
      <Facts
        items={status.replicas.map((replica) => [
          labelOf(replica),
          <>
            {holds(replica)}; version {replica.version}, configuration{' '}
            <code>{replica.config_hash.slice(0, 12)}</code>, seen <Time at={replica.seen_at} />{' '}
            {replica.config_refused !== null && (
              <Tag tone="bad">
                <Text value={`refused its latest configuration: ${replica.config_refused}`} />
              </Tag>
            )}
          </>,
        ])}
      />
    </Panel>
  );
