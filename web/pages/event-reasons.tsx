import { useState } from 'preact/hooks';
import { get } from '../data/api.ts';
import { useResource } from '../data/resource.ts';
import { pathOf } from '../data/route.ts';
import { linesWithoutConditions } from '../data/rule-lines.ts';
import type { ExplanationAnswer, Explanations, RuleList } from '../data/shapes.ts';
import { ExplainTree } from '../ui/explain-tree.tsx';
import { LevelMark, Tag } from '../ui/marks.tsx';
import { Loaded } from '../ui/states.tsx';
import { Text } from '../ui/text.tsx';

const RuleChoice = ({ onChange }: { readonly onChange: (id: string) => void }) => {
  const rules = useResource('rules', (signal) => get<RuleList>('/rules', {}, signal));
  return (
    <select
      aria-label="Hold the event against a rule"
      value=""
      onChange={(event) => onChange(event.currentTarget.value)}
    >
      <option value="">Against another rule…</option>
      {rules.data?.items.map(({ id, title }) => (
        <option key={id} value={id}>
          {title}
        </option>
      ))}
    </select>
  );
};

/** Which rules matched an event and why, or why a chosen rule did not. */
export const EventReasons = ({
  account,
  id,
  matched,
}: {
  readonly account: string;
  readonly id: string;
  readonly matched: boolean;
}) => {
  const [rule, setRule] = useState('');
  const [choosing, setChoosing] = useState(false);
  const path = `/events/${encodeURIComponent(account)}/${encodeURIComponent(id)}/explain`;
  const asks = matched || rule !== '';
  const reasons = useResource(asks ? `${path}?${rule}` : undefined, (signal) =>
    get<Explanations>(path, { rule: rule === '' ? undefined : rule }, signal),
  );
  return (
    <section class="detail-part">
      <h3>
        Why
        <span class="part-actions">
          {choosing ? (
            <RuleChoice onChange={setRule} />
          ) : (
            <button type="button" class="button small quiet" onClick={() => setChoosing(true)}>
              Hold against another rule
            </button>
          )}
          {rule !== '' && (
            <button type="button" class="button small quiet" onClick={() => setRule('')}>
              Back
            </button>
          )}
        </span>
      </h3>
      {asks ? (
        <Loaded of={reasons}>
          {({ items }) =>
            items.length === 0 ? (
              <p class="muted">The rules behind its alerts are not loaded any more.</p>
            ) : (
              <>
                {items.map((item) => (
                  <Explanation key={item.rule.id} item={item} />
                ))}
              </>
            )
          }
        </Loaded>
      ) : (
        <p class="muted">No rule matched.</p>
      )}
    </section>
  );
};

const VERDICTS = { true: 'matches', false: 'does not match', null: 'depends on other events' } as const;
const TONES = { true: 'good', false: 'quiet', null: 'doubt' } as const;

const Explanation = ({ item }: { readonly item: ExplanationAnswer }) => (
  <article class="explanation">
    <header>
      <LevelMark level={item.rule.level} />
      <a href={pathOf('rules', item.rule.id)}>
        <strong>
          <Text value={item.rule.title} />
        </strong>
      </a>
    </header>
    <div class="explanation-lines">
      {linesWithoutConditions(item.lines, item.rule.title).map((line, at) => (
        <p key={at}>
          <Text value={line} />
        </p>
      ))}
    </div>
    {item.findings.map((finding) => (
      <div key={finding.rule.id} class="finding">
        <p>
          <Tag tone={TONES[String(finding.matches) as keyof typeof TONES]}>
            {VERDICTS[String(finding.matches) as keyof typeof VERDICTS]}
          </Tag>{' '}
          {finding.rule.id !== item.rule.id && (
            <span class="muted">
              <Text value={finding.rule.title} />
            </span>
          )}
        </p>
        {finding.notes.map((note, at) => (
          <p key={at} class="muted">
            <Text value={note} />
          </p>
        ))}
        <ExplainTree node={finding.tree} />
      </div>
    ))}
  </article>
);
