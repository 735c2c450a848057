import type { ApiRoute } from './api-route.ts';
import { ALERT_ROUTES } from './api-routes-alerts.ts';
import { RULE_ROUTES, SILENCE_ROUTES } from './api-routes-rules.ts';
import { SYSTEM_ROUTES } from './api-routes-system.ts';
import { TRAIL_ROUTES } from './api-routes-trail.ts';

/** Every route of the API: what is routed, checked and documented comes from this table alone. */
export const API_ROUTES: readonly ApiRoute[] = [
  ...SYSTEM_ROUTES,
  ...TRAIL_ROUTES,
  ...ALERT_ROUTES,
  ...RULE_ROUTES,
  ...SILENCE_ROUTES,
];
