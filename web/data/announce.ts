import { createCell } from './cell.ts';

/** What a screen reader is told in passing; everybody sees it for a moment as well when `shown`. */
export interface Notice {
  readonly id: number;
  readonly text: string;
  readonly tone: 'good' | 'bad';
  readonly href?: string | undefined;
}
let lastId = 0;
export const notices = createCell<readonly Notice[]>([]);
export const announcement = createCell('');

/** Only for those who listen. */
export const announce = (text: string): void => announcement.set(text);

/** How long a notice of something that went well stays, ms. */
const STAY_MS = 6_000;

export const dismiss = (id: number): void => notices.set(notices.get().filter((notice) => notice.id !== id));

/** Shows what an act came to. Failures stay until they are dismissed. */
export const notify = (text: string, tone: Notice['tone'] = 'good', href?: string): void => {
  lastId += 1;
  const id = lastId;
  notices.set([...notices.get().slice(-3), { id, text, tone, href }]);
  if (tone === 'good') setTimeout(() => dismiss(id), STAY_MS);
};
