import { ApiError, get, post, remove } from './api.ts';
import { session } from './session.ts';
import type { Session } from './shapes.ts';

/** Finds out who we are. Resolves with false when the monitor did not answer. */
export const askSession = async (): Promise<boolean> => {
  try {
    const { role, name, version } = await get<Session>('/session');
    session.set({ state: 'in', role, name, version });
    return true;
  } catch (error) {
    const refused = error instanceof ApiError && (error.status === 401 || error.status === 403);
    if (!refused) return false;
    const before = session.get();
    session.set({ state: 'out', over: before.state === 'in' || (before.state === 'out' && before.over) });
    return true;
  }
};

/** Rejects with the monitor's refusal. */
export const signIn = async (token: string): Promise<void> => {
  await post('/session', { token });
  await askSession();
};

export const signOut = async (): Promise<void> => {
  await remove('/session').catch(() => undefined);
  session.set({ state: 'out', over: false });
};
