import type { Alert } from '../core/alert.ts';
import { FLEET } from '../core/fleet.ts';
import type { Match } from '../core/match.ts';
import { alertFromMatch } from './alert-from-match.ts';

/**
 * The alert of a match of a rule over all accounts, decided at `nowMs`. It is of no single account: a route or a silence for
 * one of them must neither show it to that one's people nor hide it from everybody else. `{accounts}` are those of its events.
 */
export const fleetAlert = (match: Match, nowMs: number): Alert => {
  const eventAccounts = match.events.map(({ account }) => account);
  const accounts = [...new Set(eventAccounts)].sort();
  const alert = alertFromMatch({ ...match, values: { ...match.values, accounts } }, nowMs, FLEET);
  return { ...alert, eventAccounts };
};
