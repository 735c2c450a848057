import { useRef } from 'preact/hooks';
import { useShortcuts } from '../data/keys.ts';

/** j and k move between the first links of the rows of a table body; Enter is the link's own. */
export const useRowKeys = () => {
  const body = useRef<HTMLTableSectionElement>(null);
  const move = (by: number): void => {
    const links = [...(body.current?.rows ?? [])].flatMap((row) => row.querySelector('a') ?? []);
    const at = links.findIndex((link) => link === document.activeElement);
    links[Math.min(links.length - 1, Math.max(0, at + by))]?.focus();
  };
  useShortcuts('List', [
    { keys: 'j', label: 'Next row', run: () => move(1) },
    { keys: 'k', label: 'Row before', run: () => move(-1) },
  ]);
  return body;
};
