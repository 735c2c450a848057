import { createCell } from './cell.ts';

/** Who looks at the page. `over`: there was a session, and it has ended. */
export type SessionState =
  | { readonly state: 'asking' }
  | { readonly state: 'out'; readonly over: boolean }
  | {
      readonly state: 'in';
      readonly role: 'view' | 'operate';
      readonly name: string;
      readonly version: string;
    };

export const session = createCell<SessionState>({ state: 'asking' });
