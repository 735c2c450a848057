import type { Settings, SinkSettings } from '../config/settings.ts';
import type { Overview, SinkFacts } from '../core/overview.ts';
import type { SinkStatus } from '../server/status-shape.ts';
import { counted, lasted } from './numbers.ts';
import { switchOf } from './sinks.ts';
import { RANK, type Trouble } from './status-input.ts';

/** How one sink is. */
export interface JudgedSink {
  readonly status: SinkStatus;
  readonly troubles: readonly Trouble[];
}

/** An alert that has waited for so long is doubtful, for so much longer it is bad. */
const LONG_MS = 60_000;
const TOO_LONG_MS = 600_000;

type Verdict = Pick<SinkStatus, 'state' | 'reason'>;

const iso = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString());
const deliveries = (count: number): string => counted(count, 'delivery', 'deliveries');
const waiting = ({ counts }: SinkFacts): number => (counts.pending ?? 0) + (counts.sending ?? 0);

const NOTHING: Omit<SinkFacts, 'sink'> = {
  counts: {},
  held: 0,
  tried: 0,
  waitingSinceMs: undefined,
  lastSentMs: undefined,
  gate: undefined,
  feed: undefined,
};

/** How each configured sink is. */
export const judgeSinks = (settings: Settings, overview: Overview, nowMs: number): readonly JudgedSink[] => {
  const known = new Map(overview.sinks.map((facts) => [facts.sink, facts]));
  const fed = new Set(settings.feeds.flatMap(({ to }) => to));
  return settings.sinks.map((sink): JudgedSink => {
    const facts = known.get(sink.name) ?? { sink: sink.name, ...NOTHING };
    const troubles = sink.off ? [] : troublesOf(facts, overview, nowMs);
    return {
      status: {
        name: sink.name,
        type: sink.type,
        ...verdictOf(sink, facts, overview, nowMs),
        queue: waiting(facts),
        held: facts.held,
        parked: facts.counts.parked ?? 0,
        sent: facts.counts.sent ?? 0,
        oldest_due_at: iso(facts.waitingSinceMs),
        last_success_at: iso(facts.lastSentMs),
        circuit_open_until: openUntil(facts, nowMs),
        feed:
          fed.has(sink.name) && facts.feed
            ? { events: facts.feed.events, oldest_seen_at: iso(facts.feed.oldestSeenAtMs) }
            : null,
      },
      troubles,
    };
  });
};

const isOpen = ({ sink, gate }: SinkFacts, { conditions }: Overview): boolean =>
  (gate?.opens ?? 0) > 0 || conditions.has(`circuit:${sink}`);

const openUntil = ({ gate }: SinkFacts, nowMs: number): string | null =>
  gate && gate.opens > 0 && gate.openUntilMs > nowMs ? iso(gate.openUntilMs) : null;

const waitedMs = ({ waitingSinceMs }: SinkFacts, nowMs: number): number =>
  waitingSinceMs === undefined ? 0 : Math.max(nowMs - waitingSinceMs, 0);

const feedWaitedMs = ({ feed }: SinkFacts, nowMs: number): number =>
  feed?.oldestSeenAtMs === undefined ? 0 : Math.max(nowMs - feed.oldestSeenAtMs, 0);

const verdictOf = (sink: SinkSettings, facts: SinkFacts, overview: Overview, nowMs: number): Verdict => {
  const { gate, counts, tried, feed } = facts;
  if (sink.off) return { state: 'off', reason: `its ${switchOf(sink)} is empty` };
  if (isOpen(facts, overview)) {
    const until = gate && gate.openUntilMs > nowMs ? ` in ${lasted(gate.openUntilMs - nowMs)}` : ' now';
    return { state: 'circuit_open', reason: `it does not answer; probed again${until}` };
  }
  if ((counts.parked ?? 0) > 0)
    return { state: 'parked', reason: `${deliveries(counts.parked ?? 0)} parked: retry or drop them` };
  if (gate && gate.pausedUntilMs > nowMs)
    return { state: 'paused', reason: `it asked for ${lasted(gate.pausedUntilMs - nowMs)} of peace` };
  const longestMs = waitedMs(facts, nowMs);
  if (longestMs > TOO_LONG_MS)
    return { state: 'behind', reason: `the oldest has waited for ${lasted(longestMs)}` };
  if (overview.conditions.has(`feed:${sink.name}`) || feedWaitedMs(facts, nowMs) > TOO_LONG_MS)
    return { state: 'behind', reason: `${counted(feed?.events ?? 0, 'event')} still to be fed` };
  if (tried > 0) return { state: 'retrying', reason: `${deliveries(tried)} failed and tried again` };
  if (longestMs > LONG_MS)
    return { state: 'behind', reason: `the oldest has waited for ${lasted(longestMs)}` };
  return { state: 'ok', reason: null };
};

/** Everything that is wrong with a sink that is on. */
const troublesOf = (facts: SinkFacts, { conditions }: Overview, nowMs: number): readonly Trouble[] => {
  const { sink, counts, tried } = facts;
  const found: Trouble[] = [];
  const add = (
    rank: number,
    severity: Trouble['severity'],
    key: string,
    size: number,
    text: Trouble['text'],
  ): void => void found.push({ rank, severity, key, subject: sink, size, text });
  const sinceMs = (condition: string): number | undefined => {
    const ms = conditions.get(`${condition}:${sink}`);
    return ms === undefined ? undefined : Math.max(nowMs - ms, 0);
  };

  const circuitMs = sinceMs('circuit');
  if (circuitMs !== undefined)
    add(
      RANK.circuit,
      'bad',
      'circuit',
      circuitMs,
      (who, size) => `No answer from ${who} for ${lasted(size)}: alerts wait`,
    );
  else if ((facts.gate?.opens ?? 0) > 0)
    add(RANK.circuit, 'bad', 'open', 0, (who) => `No answer from ${who}: alerts wait`);

  const parked = counts.parked ?? 0;
  const parkedMs = sinceMs('parked');
  if (parkedMs !== undefined)
    add(RANK.parked, 'bad', 'parked', parkedMs, (who, size) =>
      parked > 0
        ? `Alerts were refused by ${who}, for ${lasted(size)}, and are parked: they need a person`
        : `Alerts were refused by ${who}, for ${lasted(size)}; none is parked any more`,
    );
  else if (parked > 0)
    add(
      RANK.orphans,
      'doubtful',
      'left',
      parked,
      (who, size) => `${deliveries(size)} to ${who} parked: retry or drop them`,
    );

  const feedMs = sinceMs('feed');
  if (feedMs !== undefined)
    add(
      RANK.feed,
      'bad',
      'feed',
      feedMs,
      (who, size) => `Not all events were taken by ${who}, for ${lasted(size)}`,
    );
  const drillMs = sinceMs('drill');
  if (drillMs !== undefined)
    add(
      RANK.drill,
      'bad',
      'drill',
      drillMs,
      (who, size) => `The drill of ${who} did not arrive, ${lasted(size)} ago`,
    );

  const longestMs = waitedMs(facts, nowMs);
  const isExplained = circuitMs !== undefined || (facts.gate?.opens ?? 0) > 0;
  if (longestMs > TOO_LONG_MS && !isExplained)
    add(
      RANK.waiting,
      'bad',
      'waiting',
      longestMs,
      (who, size) => `Alerts have waited for ${who} for ${lasted(size)}`,
    );
  else if ((tried > 0 || longestMs > LONG_MS) && !isExplained)
    add(
      RANK.retrying,
      'doubtful',
      'retrying',
      longestMs,
      (who, size) => `Alerts wait for ${who} and are tried again, for ${lasted(size)}`,
    );
  return found;
};

/** Deliveries that nobody will send, since their sink is off or gone. */
export const orphans = (settings: Settings, overview: Overview): readonly Trouble[] => {
  const on = new Set(settings.sinks.filter(({ off }) => !off).map(({ name }) => name));
  return overview.sinks
    .filter((facts) => !on.has(facts.sink) && waiting(facts) > 0)
    .map((facts) => ({
      rank: RANK.orphans,
      severity: 'doubtful',
      key: `orphans ${facts.sink}`,
      subject: facts.sink,
      size: waiting(facts),
      text: (who, size) =>
        `${deliveries(size)} to ${who} can go nowhere: it is off, or not in the configuration`,
    }));
};
