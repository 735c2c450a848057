import { CONTEXTS } from './contexts.ts';
import { type Actor, craftEvent } from './craft.ts';
import { createRand, type Rand } from './random.ts';
import type { EventType, WireEvent } from './wire.ts';
import type { Person, World } from './world.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/**
 * How often what happens: parts of 1,000 of an ordinary stream. What should wake somebody is left to the stories; what
 * can be either stands here with the little it has in a working week.
 */
const SHARES: Readonly<Partial<Record<EventType, number>>> = {
  USER_PRODUCT_SEARCH: 380,
  USER_LOGIN: 260,
  USER_LOGOUT: 190,
  NUMBER_LINKED: 40,
  NUMBER_UNLINKED: 25,
  NUMBER_ASSIGN: 25,
  NUMBER_UPDATED: 20,
  APP_UPDATE: 25,
  APP_CREATE: 8,
  USER_UPDATE: 12,
  ACCOUNT_UPDATE_SETTINGS: 4,
  ACCOUNT_UPDATE_SETTINGS_API: 6,
  NUMBER_RELEASE: 2,
  USER_STATUS: 1,
  USER_BILLING_UPDATE: 1,
  IP_WHITELIST_CREATE: 1,
};

/** One entry for every part of 1,000, so that a draw is one look-up. */
const DRAW: readonly EventType[] = Object.entries(SHARES).flatMap(([type, share]) =>
  Array.from({ length: share }, () => type as EventType),
);

/** What a deployment does through the developer API. */
const DEPLOYMENT: readonly EventType[] = ['NUMBER_LINKED', 'NUMBER_UNLINKED', 'APP_UPDATE', 'NUMBER_LINKED'];

/** What each role does now and then, besides looking things up: chance per working day. */
const NOW_AND_THEN: readonly (readonly [role: Person['role'], type: EventType, perDay: number])[] = [
  ['developer', 'APP_UPDATE', 0.15],
  ['developer', 'NUMBER_UPDATED', 0.1],
  ['developer', 'APP_CREATE', 0.03],
  ['developer', 'ACCOUNT_UPDATE_SETTINGS', 0.02],
  ['admin', 'NUMBER_ASSIGN', 0.1],
  ['admin', 'NUMBER_RELEASE', 0.02],
  ['admin', 'USER_UPDATE', 0.05],
  ['billing', 'USER_BILLING_UPDATE', 0.01],
];

/** The person at one of their usual places, in the dashboard; the automation through the developer API. */
const actorOf = (world: World, person: Person, rand: Rand): Actor => ({
  email: person.email,
  userId: person.userId,
  ip: rand.pick(person.ips),
  country: person.country,
  source: person === world.automation ? 'DEVAPI' : 'CD',
});

/** An ordinary event of a type. Types that only deployments have in quantity come mostly from the automation. */
export const ordinaryEvent = (world: World, rand: Rand, type: EventType, atMs: number): WireEvent => {
  const automatic = type === 'ACCOUNT_UPDATE_SETTINGS_API' || (DEPLOYMENT.includes(type) && rand.chance(0.7));
  const who = automatic ? world.automation : rand.pick(world.people);
  return eventBy(world, rand, who, type, atMs);
};

const eventBy = (world: World, rand: Rand, who: Person, type: EventType, atMs: number): WireEvent =>
  craftEvent(world, rand, {
    type,
    atMs,
    actor: actorOf(world, who, rand),
    context: CONTEXTS[type](world, rand, who),
  });

/** A type as often as an ordinary stream has it. */
export const drawOrdinaryType = (rand: Rand): EventType => rand.pick(DRAW);

/**
 * All ordinary events of one day (epoch day number, UTC), sorted by time: people come on working days, look things up
 * and leave; somebody changes something now and then; the automation deploys. About 20 events. Depends on the seed and
 * the day alone, so that neighbouring stretches of time fit together.
 */
const ordinaryDay = (world: World, seed: string | number, day: number): readonly WireEvent[] => {
  const rand = createRand(seed, world.account, 'day', day);
  const startMs = day * DAY_MS;
  const weekday = (day + 4) % 7;
  const working = weekday !== 0 && weekday !== 6;
  const planned: { readonly atMs: number; readonly who: Person; readonly type: EventType }[] = [];

  for (const who of working ? world.people : []) {
    if (!rand.chance(0.85)) continue;
    const [from, to] = who.hours;
    const inMs = startMs + from * HOUR_MS + rand.int(0, 45 * 60_000);
    const outMs = startMs + to * HOUR_MS - rand.int(0, 45 * 60_000);
    const during = (): number => rand.int(inMs + 60_000, outMs - 60_000);
    planned.push({ atMs: inMs, who, type: 'USER_LOGIN' });
    if (rand.chance(0.7)) planned.push({ atMs: outMs, who, type: 'USER_LOGOUT' });
    const searches = who.role === 'support' ? rand.int(2, 6) : rand.int(0, 1);
    for (let turn = 0; turn < searches; turn++)
      planned.push({ atMs: during(), who, type: 'USER_PRODUCT_SEARCH' });
    for (const [role, type, perDay] of NOW_AND_THEN)
      if (role === who.role && rand.chance(perDay)) planned.push({ atMs: during(), who, type });
  }
  if (working && rand.chance(0.4)) {
    const atMs = startMs + rand.int(9, 15) * HOUR_MS + rand.int(0, HOUR_MS);
    for (const [index, type] of DEPLOYMENT.entries())
      planned.push({ atMs: atMs + index * rand.int(2_000, 9_000), who: world.automation, type });
  }
  return planned
    .sort((a, b) => a.atMs - b.atMs)
    .map(({ atMs, who, type }) => eventBy(world, rand, who, type, atMs));
};

/** The ordinary events with `fromMs` <= created_at < `toMs`, sorted by time. */
export const ordinaryStretch = (
  world: World,
  seed: string | number,
  fromMs: number,
  toMs: number,
): readonly WireEvent[] => {
  const events: WireEvent[] = [];
  for (let day = Math.floor(fromMs / DAY_MS); day * DAY_MS < toMs; day++)
    for (const event of ordinaryDay(world, seed, day)) {
      const atMs = Date.parse(`${event.created_at}Z`);
      if (atMs >= fromMs && atMs < toMs) events.push(event);
    }
  return events;
};
