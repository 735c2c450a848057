import { type AskedEvent, compileFeedMatch } from '../alerts/feed-match.ts';
import { parseSingle } from '../audit/page.ts';
import type { Latch } from '../base/latch.ts';
import { type FedEvent, type FedSink, isFedSink, type Sink } from '../core/delivery.ts';
import type { FeedRoute, FeedStart } from '../core/feed.ts';
import type { Lease } from '../core/lease.ts';
import { createFeedLoop, type FeedLoop } from '../deliver/feed-loop.ts';
import { DEFAULT_FEED_POLICY } from '../deliver/feed-policy.ts';
import type { Monitor } from './parts.ts';
import type { StoredTrouble } from './trouble.ts';

/** What the routes ask to be fed to one sink. */
export interface Feed {
  readonly sink: FedSink;
  readonly from: FeedStart;
  readonly wants: ((event: FedEvent) => boolean) | undefined;
}

const askable = (event: FedEvent): AskedEvent => ({
  account: event.account,
  eventType: event.eventType,
  fields() {
    const parsed = parseSingle(event.account, event.json);
    return 'value' in parsed ? parsed.value.fields : {};
  },
});

/** Whether any of the routes asks for an event; undefined: every one. */
const wantsOf = (routes: readonly FeedRoute[]): Feed['wants'] => {
  if (routes.some(({ match }) => match === undefined)) return undefined;
  const takes = routes.map(({ match }) => compileFeedMatch(match));
  return (event) => {
    const asked = askable(event);
    return takes.some((take) => take(asked));
  };
};

/** The feed of every sink that is on and that a route of `kind: event` names; an event that several ask for goes once. */
export const feedsOfSinks = (routes: readonly FeedRoute[], sinks: readonly Sink[]): readonly Feed[] =>
  sinks.filter(isFedSink).flatMap((sink) => {
    const own = routes.filter(({ to }) => to.includes(sink.name));
    if (own.length === 0) return [];
    return {
      sink,
      from: own.some(({ from }) => from === 'start') ? 'start' : 'now',
      wants: wantsOf(own),
    };
  });

/** The loop of one feed, for whoever holds `lease`. `isHeld` is asked before every attempt. */
export const createFeed = (
  { sink, from, wants }: Feed,
  monitor: Monitor,
  trouble: StoredTrouble,
  lease: Lease,
  isHeld: () => boolean = () => true,
): FeedLoop => {
  const { log, now, random, redact } = monitor.parts;
  return createFeedLoop({
    sink,
    from,
    wants,
    feeds: monitor.store.feeds,
    lease,
    isHeld,
    now,
    random,
    policy: DEFAULT_FEED_POLICY,
    wake: bellOf(monitor.feedWakes, sink.name),
    log,
    telemetry: monitor.telemetry,
    conditions: {
      opening: (detail) => trouble.change(true, 'feed', sink.name, detail),
      changed: trouble.changed,
      raise: (detail) => trouble.raise('feed', sink.name, detail),
      clear: () => trouble.clear('feed', sink.name),
    },
    redact,
  });
};

const bellOf = (bells: ReadonlyMap<string, Latch>, sink: string): Latch => {
  const bell = bells.get(sink);
  if (!bell) throw new Error(`no bell for the feed of sink ${sink}`);
  return bell;
};
