/** What a user of the HTTP API may do: `view` reads everything, `operate` acts as well. The later includes the earlier. */
export const ROLES = ['view', 'operate'] as const;
export type Role = (typeof ROLES)[number];
