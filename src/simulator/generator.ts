import { drawOrdinaryType, ordinaryEvent, ordinaryStretch } from './business.ts';
import { CONTEXTS } from './contexts.ts';
import { craftEvent } from './craft.ts';
import { createRand, type Rand } from './random.ts';
import { STORY_NAMES, type Story, type StoryName, tellStory } from './stories.ts';
import { EVENT_TYPES, type EventType, type WireEvent } from './wire.ts';
import { createWorld, type World } from './world.ts';

/** What a generator is made from. */
export interface GeneratorOptions {
  readonly seed: string | number;
  /** The account's API key, written into its events. */
  readonly account: string;
}

/** Tells a story from a time on; called again it is the same attack with new ids and other details. */
type TellStory = (startMs: number, options?: { readonly pace?: number }) => Story;

/**
 * Events of one company. The same seed, account and sequence of calls gives identical events, ids included; each
 * member draws from a stream of its own, so calls of one do not change what another gives.
 */
export interface Generator {
  /** The people, numbers and applications that the events are about. */
  readonly world: World;
  /**
   * A working company's ordinary events with `fromMs` <= created_at < `toMs`, sorted: about 20 a working day. Depends
   * on the two times alone: the same stretch is the same events, and neighbouring stretches fit together.
   */
  ordinary(fromMs: number, toMs: number): readonly WireEvent[];
  /** `count` ordinary events evenly spread over [`atMs`, `atMs + spreadMs`], sorted, at any hour. */
  burst(count: number, atMs: number, spreadMs: number): readonly WireEvent[];
  /** One ordinary event, at any hour. */
  next(atMs: number): WireEvent;
  /** One event of a type, known or not; of any known type when none is named. */
  any(atMs: number, type?: string): WireEvent;
  readonly stories: Readonly<Record<StoryName, TellStory>>;
}

const KNOWN = Object.keys(EVENT_TYPES) as readonly EventType[];

const isKnown = (type: string): type is EventType => Object.hasOwn(EVENT_TYPES, type);

/** Makes a {@link Generator}. */
export const createGenerator = ({ seed, account }: GeneratorOptions): Generator => {
  const stream = (name: string): Rand => createRand(seed, account, name);
  const world = createWorld(account, stream('world'));
  const bursts = stream('burst');
  const single = stream('next');
  const kinds = stream('any');

  const tell = (name: StoryName): TellStory => {
    const rand = stream(`story ${name}`);
    return (startMs, { pace = 1 } = {}) => tellStory(world, rand, name, startMs, pace);
  };

  return {
    world,
    ordinary: (fromMs, toMs) => ordinaryStretch(world, seed, fromMs, toMs),
    burst: (count, atMs, spreadMs) =>
      Array.from({ length: count }, (_, index) => {
        const eventMs = atMs + Math.floor(((index + bursts.next()) * spreadMs) / count);
        return ordinaryEvent(world, bursts, drawOrdinaryType(bursts), eventMs);
      }),
    next: (atMs) => ordinaryEvent(world, single, drawOrdinaryType(single), atMs),
    any(atMs, type = kinds.pick(KNOWN)) {
      if (isKnown(type)) return ordinaryEvent(world, kinds, type, atMs);
      const who = kinds.pick(world.people);
      const actor = { ...who, ip: kinds.pick(who.ips), source: 'CD' as const };
      return craftEvent(world, kinds, { type, atMs, actor, context: CONTEXTS.USER_LOGIN(world, kinds, who) });
    },
    stories: Object.fromEntries(STORY_NAMES.map((name) => [name, tell(name)])) as Record<
      StoryName,
      TellStory
    >,
  };
};
