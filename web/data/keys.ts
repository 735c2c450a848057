import { useEffect, useRef } from 'preact/hooks';
import { createCell } from './cell.ts';

/** A shortcut: one key as `KeyboardEvent.key` names it, or two after another (`g e`). */
export interface Shortcut {
  readonly keys: string;
  /** What it does, for the list of shortcuts. */
  readonly label: string;
  readonly run: () => void;
}
/** Shortcuts of one part of the page. */
export interface ShortcutGroup {
  readonly title: string;
  readonly shortcuts: readonly Shortcut[];
}

interface Live {
  current: ShortcutGroup;
}
/** The newest last: a dialog comes before the page under it. */
const groups: Live[] = [];
/** Counts changes of what is registered. */
const changes = createCell(0);

export const currentShortcuts = (): readonly ShortcutGroup[] => groups.map((group) => group.current);

/** Registers shortcuts while the component is shown. */
export const useShortcuts = (title: string, shortcuts: readonly Shortcut[]): void => {
  const group = useRef<ShortcutGroup>({ title, shortcuts });
  group.current = { title, shortcuts };
  useEffect(() => {
    groups.push(group);
    changes.set(changes.get() + 1);
    return () => {
      groups.splice(groups.indexOf(group), 1);
      changes.set(changes.get() + 1);
    };
  }, []);
};

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable ||
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement ||
    (target instanceof HTMLInputElement && !['checkbox', 'radio', 'button'].includes(target.type)));

/** How long a first key waits for its second, ms. */
const SEQUENCE_MS = 1_000;

export const listenToKeys = (): void => {
  let first: { readonly key: string; readonly atMs: number } | undefined;
  document.addEventListener('keydown', (press) => {
    if (press.defaultPrevented || press.metaKey || press.ctrlKey || press.altKey) return;
    if (isTyping(press.target)) {
      if (press.key === 'Escape') (press.target as HTMLElement).blur();
      return;
    }
    // An open dialog has its own keys.
    if (document.querySelector('dialog[open]')) return;
    const held = first && press.timeStamp - first.atMs < SEQUENCE_MS ? first.key : undefined;
    first = undefined;
    const all = [...groups].reverse().flatMap((group) => group.current.shortcuts);
    const found =
      (held === undefined ? undefined : all.find(({ keys }) => keys === `${held} ${press.key}`)) ??
      all.find(({ keys }) => keys === press.key);
    if (found) {
      press.preventDefault();
      found.run();
    } else if (all.some(({ keys }) => keys.startsWith(`${press.key} `)))
      first = { key: press.key, atMs: press.timeStamp };
  });
};
