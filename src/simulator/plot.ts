import type { JsonObject } from '../base/json.ts';
import type { Actor } from './craft.ts';
import type { Rand } from './random.ts';
import type { EventType } from './wire.ts';
import type { Person, World } from './world.ts';

/** One thing that happens in a plot. */
export interface Beat {
  /** Seconds after the start. */
  readonly afterS: number;
  readonly type: EventType;
  readonly note: string;
  readonly context: JsonObject;
  /** Through what; the dashboard when not said. */
  readonly source?: Actor['source'];
}

/** An attack, not yet told of anybody. */
export interface Plot {
  readonly title: string;
  /** Whose login is abused. */
  readonly victim: Person['role'];
  readonly beats: (scene: Scene) => readonly Beat[];
}

/** Of whom a plot is told. */
export interface Scene {
  readonly world: World;
  readonly rand: Rand;
  readonly victim: Person;
  /** Where the attacker sits. */
  readonly ip: string;
}

/** How most of them begin. */
export const login = ({ victim }: Scene): Beat => ({
  afterS: 0,
  type: 'USER_LOGIN',
  note: `${victim.email} logs in from a country they have never been in`,
  context: { email: victim.email, user_id: victim.userId },
});
