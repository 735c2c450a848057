import { textPieces } from '../data/hidden-text.ts';

/** The longest text that is shown at once; more is a click away in the JSON. Characters. */
const MAX = 2_000;

/**
 * A text that came from outside: escaped (by Preact), kept from reordering what stands around it (`bdi`), with every
 * hidden or control character made visible.
 */
export const Text = ({
  value,
  max = MAX,
  keep = '',
}: {
  readonly value: string;
  readonly max?: number;
  readonly keep?: string;
}) => {
  const cut = value.length > max ? `${value.slice(0, max)}…` : value;
  const pieces = textPieces(cut, keep);
  if (pieces.every(({ hidden }) => !hidden)) return <bdi>{pieces.map(({ text }) => text)}</bdi>;
  return (
    <bdi>
      {pieces.map(({ text, hidden }) =>
        hidden ? (
          <span class="hidden-char" title="A character that hides, reorders or controls text">
            {text}
          </span>
        ) : (
          text
        ),
      )}
    </bdi>
  );
};
