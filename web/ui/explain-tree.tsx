import type { ExplanationNode } from '../data/shapes.ts';
import { Icon } from './icon.tsx';
import { Text } from './text.tsx';

const WORDS = { true: 'holds', false: 'does not hold', null: 'depends on other events' } as const;

/** Why a rule matches or not: every condition with whether it holds and what was seen. */
export const ExplainTree = ({ node }: { readonly node: ExplanationNode }) => (
  <ul class="tree">
    <Branch node={node} />
  </ul>
);

const Branch = ({ node }: { readonly node: ExplanationNode }) => {
  const tone = node.holds === null ? 'doubt' : node.holds ? 'good' : 'no';
  return (
    <li>
      <div class={`tree-node ${tone}`}>
        <Icon name={node.holds === null ? 'question' : node.holds ? 'check' : 'cross'} size={14} />
        <span class="sr">{WORDS[String(node.holds) as keyof typeof WORDS]}: </span>
        <span class="tree-text">
          <Text value={node.text} />
        </span>
        {node.seen !== null && (
          <span class="tree-seen">
            <span class="muted">seen </span>
            <code>
              <Text value={node.seen} />
            </code>
          </span>
        )}
      </div>
      {node.parts.length > 0 && (
        <ul>
          {node.parts.map((part, at) => (
            <Branch key={at} node={part} />
          ))}
        </ul>
      )}
    </li>
  );
};
