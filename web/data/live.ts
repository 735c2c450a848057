import { address } from './api.ts';
import { createCell } from './cell.ts';
import { connection, noteDown } from './connection.ts';
import type { AlertRow, DeliveryRow, EventRow } from './shapes.ts';
import { askSession } from './sign-in.ts';

/* What happens while the page is open. One stream for all who listen; it goes on where it broke (`Last-Event-ID`). */

interface Kinds {
  readonly event: EventRow;
  readonly alert: AlertRow;
  readonly delivery: DeliveryRow;
  readonly status: unknown;
}
type Kind = keyof Kinds;
const KINDS: readonly Kind[] = ['event', 'alert', 'delivery', 'status'];

const listeners: { readonly [K in Kind]: Set<(data: Kinds[K]) => void> } = {
  event: new Set(),
  alert: new Set(),
  delivery: new Set(),
  status: new Set(),
};

const opened = new Set<() => void>();

/** Whether news arrive by themselves at the moment. */
export const live = createCell(false);

/** How long the page waits before it asks again, ms. */
const AGAIN_MS = 2_000;

/** Calls the listener with everything of a kind that happens from now on. Answers the function that ends it. */
export const onLive = <K extends Kind>(kind: K, listener: (data: Kinds[K]) => void): (() => void) => {
  listeners[kind].add(listener);
  return () => void listeners[kind].delete(listener);
};

/** Calls the listener each time news begin to arrive: what was loaded before may lack some. Answers what ends it. */
export const onLiveBegins = (listener: () => void): (() => void) => {
  opened.add(listener);
  return () => void opened.delete(listener);
};

const tell = (kind: Kind, text: string): void => {
  const data = JSON.parse(text) as never;
  const known = [...listeners[kind]];
  for (const listener of known) listener(data);
};

/** Opens the stream, and opens it again for as long as it is wanted. Answers the function that closes it. */
export const openLive = (): (() => void) => {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let closed = false;
  const open = (): void => {
    source = new EventSource(address('/stream', { types: KINDS.join(',') }));
    source.addEventListener('open', () => {
      live.set(true);
      // What happened between what a page has loaded and this moment is in neither.
      for (const listener of opened) listener();
      tell('status', '{}');
    });
    source.addEventListener('error', () => {
      live.set(false);
      // The browser itself tries again after a broken connection, but gives up after a refusal.
      if (source?.readyState === EventSource.CLOSED) again();
      void look();
    });
    for (const kind of KINDS)
      source.addEventListener(kind, (message) => tell(kind, (message as MessageEvent<string>).data));
  };
  const again = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (!closed) open();
    }, AGAIN_MS);
  };
  // Tells "the session is over" from "the monitor is away", and notices when it is back.
  const look = async (): Promise<void> => {
    if (closed || (await askSession()) || closed) return;
    if (connection.get().state === 'up') noteDown('no answer');
    setTimeout(() => void look(), AGAIN_MS);
  };
  open();
  return () => {
    closed = true;
    clearTimeout(timer);
    source?.close();
    live.set(false);
  };
};
