import type { StatusAnswer } from '../data/shapes.ts';
import { bytesText, counted, countText } from '../data/time.ts';
import { Tag } from '../ui/marks.tsx';
import { Facts, Panel } from '../ui/panel.tsx';
import { Text } from '../ui/text.tsx';
import { Time } from '../ui/time.tsx';

/** What else the monitor says of itself. */
export const StatusFacts = ({ status }: { readonly status: StatusAnswer }) => {
  const { rules, silences, store, config, api_budget: budget } = status;
  return (
    <div class="columns three">
      <Panel title="Rules">
        <Facts
          items={[
            ['Loaded', <a href="/rules">{countText(rules.loaded)}</a>],
            ['Shadow', countText(rules.shadow)],
            ['Skipped', countText(rules.skipped)],
            ['Failing', rules.failing.length === 0 ? 'none' : <Tag tone="bad">{rules.failing.length}</Tag>],
            [
              'Silences',
              <a href="/silences">
                {silences.in_force === 0
                  ? 'none in force'
                  : `${silences.in_force} in force, ${countText(silences.hidden)} hidden`}
              </a>,
            ],
          ]}
        />
      </Panel>
      <Panel title="Store">
        <Facts
          items={[
            ['Events', countText(store.events)],
            ['Alerts', countText(store.alerts)],
            [
              'Quarantined',
              store.quarantined === 0 ? '0' : <Tag tone="doubt">{countText(store.quarantined)}</Tag>,
            ],
            ['Size', `${bytesText(store.bytes)}, ${store.kind}`],
            ['Writable', store.writable ? 'yes' : <Tag tone="bad">no</Tag>],
          ]}
        />
      </Panel>
      <Panel title="Monitor">
        <Facts
          items={[
            ['Version', `${status.version}, ${status.role}`],
            ['Started', status.started_at === null ? '' : <Time at={status.started_at} />],
            ['Configuration', <Text value={config.file.split('/').at(-1) ?? config.file} />],
            ['Loaded', config.loaded_at === null ? '' : <Time at={config.loaded_at} />],
            [
              'Last reload',
              config.last_reload === null ? (
                'none'
              ) : (
                <>
                  <Tag tone={config.last_reload.ok ? 'good' : 'bad'}>
                    {config.last_reload.ok ? 'taken' : counted(config.last_reload.problems.length, 'problem')}
                  </Tag>{' '}
                  <Time at={config.last_reload.at} />
                </>
              ),
            ],
            [
              'API budget',
              budget === null
                ? 'not limited'
                : `${Math.round(budget.used_ratio * 100)} % of ${budget.requests_per_second}/s`,
            ],
          ]}
        />
      </Panel>
    </div>
  );
};
