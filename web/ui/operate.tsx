import { useCell } from '../data/cell.ts';
import { session } from '../data/session.ts';

/** Whether whoever is signed in may act, or only look. */
export const useMayOperate = (): boolean => {
  const who = useCell(session);
  return who.state === 'in' && who.role === 'operate';
};

/** Says why there are no buttons. */
export const ViewOnly = ({ what }: { readonly what: string }) =>
  useMayOperate() ? null : (
    <p class="view-only muted">
      Your token may only view. To {what}, sign in with a token whose role is <code>operate</code>.
    </p>
  );
