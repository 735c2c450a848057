import { get } from '../data/api.ts';
import { useResource } from '../data/resource.ts';
import { navigate, withQuery } from '../data/route.ts';
import { linesWithoutTitle } from '../data/rule-lines.ts';
import type { RuleDetail } from '../data/shapes.ts';
import { counted } from '../data/time.ts';
import { BarChart } from '../ui/bar-chart.tsx';
import { CopyButton } from '../ui/json-view.tsx';
import { LevelMark, Tag } from '../ui/marks.tsx';
import { Page } from '../ui/page.tsx';
import { Facts, Panel } from '../ui/panel.tsx';
import { References } from '../ui/references.tsx';
import { Empty, Loaded } from '../ui/states.tsx';
import { Text } from '../ui/text.tsx';
import { Time } from '../ui/time.tsx';
import { YamlView } from '../ui/yaml-view.tsx';
import { Backtest } from './backtest.tsx';

/** One rule: what it says, how often it hits, whether its tests pass, and what it would have done. */
export const RulePage = ({ id }: { readonly id: string }) => {
  const path = `/rules/${encodeURIComponent(id)}`;
  const detail = useResource(path, (signal) => get<RuleDetail>(path, {}, signal));
  const title = detail.data?.rule.title;
  return (
    <Page
      title={title === undefined ? 'Rule' : <Text value={title} />}
      name={title ?? 'Rule'}
      actions={
        <a class="button small" href="/rules">
          All rules
        </a>
      }
    >
      <Loaded of={detail} lines={10}>
        {(data) => <Detail data={data} />}
      </Loaded>
    </Page>
  );
};

const Detail = ({ data }: { readonly data: RuleDetail }) => {
  const { rule, hits, tests } = data;
  const failed = tests.filter(({ passed }) => !passed).length;
  return (
    <>
      <div class="columns wide-left">
        <Panel title="What it says">
          <p class="tags">
            <LevelMark level={rule.level} />
            <Tag>{rule.kind}</Tag>
            {rule.scope === 'fleet' && <Tag>fleet: over all accounts</Tag>}
            {rule.shadow && <Tag tone="accent">shadow: nothing is sent</Tag>}
            {rule.failing_since !== null && <Tag tone="bad">failing</Tag>}
          </p>
          <div class="explanation-lines">
            {linesWithoutTitle(rule.lines, rule.title).map((line, at) => (
              <p key={at}>
                <Text value={line} />
              </p>
            ))}
          </div>
          {rule.falsepositives.length > 0 && (
            <>
              <h3>Harmless when</h3>
              <ul class="bullets">
                {rule.falsepositives.map((text) => (
                  <li key={text}>
                    <Text value={text} />
                  </li>
                ))}
              </ul>
            </>
          )}
        </Panel>
        <Panel title="Facts">
          <Facts
            items={[
              ['Last hit', rule.last_hit_at === null ? 'never' : <Time at={rule.last_hit_at} />],
              ['Hits', `${rule.hits_24h} in 24 h, ${rule.hits_30d} in 30 days`],
              ...(rule.failing_since === null
                ? []
                : [['Failing since', <Time at={rule.failing_since} />] as const]),
              ['File', <Text value={rule.file.split('/').at(-1) ?? ''} />],
              [
                'Id',
                <code>
                  <Text value={rule.id} />
                </code>,
              ],
              ...(rule.tags.length > 0
                ? [
                    [
                      'Tags',
                      <span class="tags">
                        {rule.tags.map((tag) => (
                          <Tag key={tag}>
                            <Text value={tag} />
                          </Tag>
                        ))}
                      </span>,
                    ] as const,
                  ]
                : []),
              ...(rule.references.length > 0
                ? [['References', <References urls={rule.references} />] as const]
                : []),
            ]}
          />
        </Panel>
      </div>
      <Panel
        title="Hits"
        hint="last 30 days"
        actions={<a href={withQuery('/alerts', new URLSearchParams(), { rule: rule.id })}>Its alerts</a>}
      >
        <BarChart
          label="Hits of the last 30 days"
          unit="hits"
          height={120}
          fromMs={Date.parse(hits.from)}
          stepMs={hits.step_seconds * 1_000}
          series={[{ name: 'hits', tone: `level-${rule.level}`, counts: hits.counts }]}
          onPick={(fromMs, toMs) =>
            navigate(
              withQuery('/alerts', new URLSearchParams(), {
                rule: rule.id,
                from: new Date(fromMs).toISOString(),
                to: new Date(toMs).toISOString(),
              }),
            )
          }
        />
      </Panel>
      <Backtest rule={rule} />
      <div class="columns wide-left">
        <Panel title="Source" flush actions={<CopyButton label="Copy" text={() => rule.source} />}>
          <YamlView source={rule.source} label="Source of the rule" />
        </Panel>
        <Panel
          title="Tests"
          hint={
            tests.length === 0
              ? undefined
              : failed === 0
                ? `all ${tests.length} pass`
                : `${failed} of ${counted(tests.length, 'test')} fail`
          }
        >
          {tests.length === 0 ? (
            <Empty icon="question" title="No tests">
              A rule can bring its tests along under <code>monitor.tests</code>.
            </Empty>
          ) : (
            <ul class="tests">
              {tests.map(({ name, passed, detail }) => (
                <li key={name}>
                  <Tag tone={passed ? 'good' : 'bad'}>{passed ? 'passes' : 'fails'}</Tag>
                  <span>
                    <Text value={name} />
                    {detail !== '' && (
                      <span class="cell-note">
                        <Text value={detail} />
                      </span>
                    )}
                  </span>
                </li>
              ))}
            </ul>
          )}
        </Panel>
      </div>
    </>
  );
};
