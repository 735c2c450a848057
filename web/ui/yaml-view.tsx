import { useMemo } from 'preact/hooks';
import { yamlLines } from '../data/yaml-tokens.ts';
import { Text } from './text.tsx';

/** YAML source with line numbers and colours. */
export const YamlView = ({ source, label }: { readonly source: string; readonly label: string }) => {
  const lines = useMemo(() => yamlLines(source.trimEnd()), [source]);
  return (
    <div class="code yaml" role="region" aria-label={label} tabIndex={0}>
      {lines.map((tokens, at) => (
        <div key={at} class="code-line numbered">
          {tokens.map(({ text, kind }, place) => (
            <span key={place} class={`t-${kind}`}>
              <Text value={text} max={10_000} />
            </span>
          ))}
        </div>
      ))}
    </div>
  );
};
