import type { JsonObject } from '../base/json.ts';
import type { Rand } from './random.ts';
import { EVENT_TYPES, type EventType, type WireEvent, wireTime } from './wire.ts';
import type { World } from './world.ts';

/** Who did it, from where, and through what. */
export interface Actor {
  readonly email: string;
  readonly userId: number;
  readonly ip: string;
  readonly country: string;
  /** `CD`: the customer dashboard. `DEVAPI`: the developer API. */
  readonly source: 'CD' | 'DEVAPI';
}

/** Writes one event; its id is the stream's next draw. A type outside the known ones is described by its name. */
export const craftEvent = (
  world: World,
  rand: Rand,
  what: {
    readonly type: string;
    readonly atMs: number;
    readonly actor: Actor;
    readonly context: JsonObject;
  },
): WireEvent => ({
  id: rand.uuid(),
  event_type: what.type,
  event_type_description: Object.hasOwn(EVENT_TYPES, what.type)
    ? EVENT_TYPES[what.type as EventType]
    : what.type.toLowerCase().replaceAll('_', ' '),
  created_at: wireTime(what.atMs),
  account_id: world.account,
  user_email: what.actor.email,
  user_id: what.actor.userId,
  source: what.actor.source,
  source_description: what.actor.source === 'CD' ? 'Customer Dashboard' : 'Developer API',
  source_ip: what.actor.ip,
  source_country: what.actor.country,
  context: what.context,
});
