import { Text } from './text.tsx';

/** Links that a rule's author gave: only web addresses become links. */
export const References = ({ urls }: { readonly urls: readonly string[] }) => (
  <ul class="plain">
    {urls.map((url) => (
      <li key={url}>
        {/^https?:\/\//i.test(url) ? (
          <a href={url} target="_blank" rel="noopener noreferrer">
            <Text value={url} />
          </a>
        ) : (
          <Text value={url} />
        )}
      </li>
    ))}
  </ul>
);
