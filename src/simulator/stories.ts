import { type Actor, craftEvent } from './craft.ts';
import type { Plot, Scene } from './plot.ts';
import { ACCOUNT_PLOTS } from './plots-account.ts';
import { TRAFFIC_PLOTS } from './plots-traffic.ts';
import type { Rand } from './random.ts';
import type { WireEvent } from './wire.ts';
import type { World } from './world.ts';

const PLOTS = { ...ACCOUNT_PLOTS, ...TRAFFIC_PLOTS };

/** One thing an attacker does. */
interface StoryStep {
  /** When. Epoch ms. */
  readonly atMs: number;
  /** What happens, for a reader. */
  readonly note: string;
  readonly event: WireEvent;
}

/** An attack as a timed sequence, in order of time. */
export interface Story {
  readonly name: StoryName;
  readonly title: string;
  readonly steps: readonly StoryStep[];
}

/** The stories that can be told. */
export type StoryName = keyof typeof PLOTS;

/** Countries in which nobody of any world usually is. */
const ELSEWHERE = ['IS', 'CL', 'NZ', 'MU', 'SG', 'UY'] as const;

/** Names of all stories. */
export const STORY_NAMES = Object.keys(PLOTS) as readonly StoryName[];

/** Tells a story from `startMs` on; `pace` stretches (over 1) or presses together (under 1) the time between steps. */
export const tellStory = (
  world: World,
  rand: Rand,
  name: StoryName,
  startMs: number,
  pace: number,
): Story => {
  const plot: Plot = PLOTS[name];
  const victim = world.people.find(({ role }) => role === plot.victim) ?? world.automation;
  const scene: Scene = { world, rand, victim, ip: `203.0.113.${rand.int(20, 70)}` };
  const country = rand.pick(ELSEWHERE);
  const steps = plot.beats(scene).map(({ afterS, type, note, context, source = 'CD' }): StoryStep => {
    const atMs = startMs + Math.round(afterS * 1_000 * pace);
    const actor: Actor = { email: victim.email, userId: victim.userId, ip: scene.ip, country, source };
    return { atMs, note, event: craftEvent(world, rand, { type, atMs, actor, context }) };
  });
  return { name, title: plot.title, steps };
};
