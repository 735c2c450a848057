import { currentShortcuts, type Shortcut } from '../data/keys.ts';
import { Dialog } from './dialog.tsx';

/** Every shortcut of the page that is shown now. */
export const ShortcutList = ({ onClose }: { readonly onClose: () => void }) => {
  const groups = new Map<string, Map<string, Shortcut>>();
  for (const { title, shortcuts } of currentShortcuts()) {
    const group = groups.get(title) ?? new Map<string, Shortcut>();
    for (const shortcut of shortcuts) group.set(shortcut.keys, shortcut);
    if (group.size > 0) groups.set(title, group);
  }
  return (
    <Dialog title="Shortcuts" onClose={onClose}>
      <div class="shortcut-groups">
        {[...groups].map(([title, shortcuts]) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>
              {[...shortcuts.values()].map(({ keys, label }) => (
                <div key={keys}>
                  <dt>
                    {keys.split(' ').map((key) => (
                      <kbd key={key}>{key === 'Escape' ? 'Esc' : key}</kbd>
                    ))}
                  </dt>
                  <dd>{label}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
};
