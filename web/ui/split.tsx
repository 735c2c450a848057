import type { ComponentChildren } from 'preact';
import { useShortcuts } from '../data/keys.ts';
import { Icon } from './icon.tsx';

/** A list, and beside it (over it on small screens) what was chosen in it. */
export const Split = ({
  list,
  detail,
  detailLabel,
  onClose,
}: {
  readonly list: ComponentChildren;
  readonly detail: ComponentChildren | undefined;
  readonly detailLabel: string;
  readonly onClose: () => void;
}) => (
  <div class={`split${detail === undefined ? '' : ' with-detail'}`}>
    <div class="split-list">{list}</div>
    {detail !== undefined && (
      <section class="split-detail" aria-label={detailLabel}>
        <CloseKey onClose={onClose} />
        <div class="split-close">
          <button type="button" class="button small quiet" onClick={onClose}>
            <Icon name="close" size={14} /> Close
          </button>
        </div>
        {detail}
      </section>
    )}
  </div>
);

const CloseKey = ({ onClose }: { readonly onClose: () => void }) => {
  useShortcuts('List', [{ keys: 'Escape', label: 'Close the detail', run: onClose }]);
  return null;
};
