import { useEffect, useState } from 'preact/hooks';
import { createCell, useCell } from '../data/cell.ts';
import { agoText, timeText, utcText } from '../data/time.ts';

/** Now, as far as times on the page go: moves every few seconds for everything at once. */
const now = createCell(Date.now());
setInterval(() => now.set(Date.now()), 5_000);
const useNow = (): number => useCell(now);

/** A time in the local zone; UTC and how long ago on hover. */
export const Time = ({ at, ago = false }: { readonly at: string; readonly ago?: boolean }) => {
  const nowMs = useNow();
  const ms = Date.parse(at);
  const far = agoText(ms, nowMs);
  const local = timeText(ms, nowMs);
  return (
    <time dateTime={at} title={`${utcText(at)}\n${ago ? local : far}`} class="num">
      {ago ? far : local}
    </time>
  );
};

/** Whether a media query holds. */
const useMedia = (query: string): boolean => {
  const [holds, setHolds] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const look = (): void => setHolds(list.matches);
    look();
    list.addEventListener('change', look);
    return () => list.removeEventListener('change', look);
  }, [query]);
  return holds;
};
/** Width of a phone. */
export const useNarrow = (): boolean => useMedia('(max-width: 720px)');
