import type { Silences } from '../../src/core/silence.ts';
import { createGenerator } from '../../src/simulator/generator.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import type { WireEvent } from '../../src/simulator/wire.ts';
import { ABSENCE_MS, TITLES, TYPES } from './rules.ts';

/*
 * Things that happen in several steps, seconds apart, while replicas come and go: what the first steps left in the memory of a rule,
 * another replica has to know at the last one. Each is of a user of its own, in events of whole seconds that only go forward, so that
 * it comes to the same in whatever pieces it is read.
 */

/** One decision that is to be made exactly once: {@link decisionKey}. */
export type Decision = string;

/** The name of a decision, the same for what is expected and for what was decided. */
export const decisionKey = (
  title: string,
  status: 'firing' | 'resolved',
  eventIds: readonly string[],
  message: string,
): Decision => [title, status, ...(eventIds.length > 0 ? eventIds : [message])].join(' | ');

/** What episodes work with. */
export interface EpisodesOptions {
  readonly simulator: Pick<Simulator, 'add' | 'setSecret'>;
  readonly silences: Pick<Silences, 'add' | 'expire'>;
  /** Accounts that are always watched. */
  readonly accounts: readonly string[];
  readonly secret: string;
  readonly random: () => number;
  /** Whether something is to be added that only the second reader can find. */
  readonly late: boolean;
}

/** Episodes as they go on. */
export interface Episodes {
  /** Begins some, and takes what is due a step further. To be called again and again. */
  go(nowMs: number): Promise<void>;
  /** Begins no more, and puts right what some have put wrong; the rest of their steps is left out, and not expected either. */
  end(): Promise<void>;
  /** What all of them, read plainly, have to come to. */
  expected(): readonly Decision[];
  /** Ids of events that the rule `App` is to alert. */
  late(): readonly string[];
  /** How many events they have added. */
  events(): number;
  /** Accounts whose key the API refused for a while. */
  blinded(): ReadonlySet<string>;
  /** When silences were there for certain, by their ids. */
  addedMs(): ReadonlyMap<string, number>;
}

/** One that is under way: a step at a time. */
interface Episode {
  dueMs: number;
  /** Does the next step; answers after how many ms the one after is due, or undefined when that was the last. */
  step(nowMs: number): Promise<number | undefined>;
  /** Whether the last step has to be done in any case. */
  readonly mustEnd?: true;
}

interface Told {
  readonly account: string;
  readonly event: WireEvent;
}

/** Begun this often in the mean, each. ms */
const EVERY_MS = 1_200;
const SILENCE_MS = 12_000;
/** Between two tries of what cannot be done now. */
const AGAIN_MS = 200;
const BLIND_MS = 7_000;
const LATE_MS = { from: 900_000, to: 2_400_000 };

const times = (type: string, count: number): readonly string[] => Array.from({ length: count }, () => type);

/** Makes {@link Episodes}. */
export const createEpisodes = (options: EpisodesOptions): Episodes => {
  const { simulator, random, accounts } = options;
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T;
  const later = (): number => 1_100 + random() * 4_000;
  const generator = createGenerator({ seed: String(random()), account: accounts[0] ?? '' });
  const going = new Set<Episode>();
  const expectations: (() => readonly Decision[])[] = [];
  const lateIds: string[] = [];
  const blinded = new Set<string>();
  const addedMs = new Map<string, number>();
  let silences = 0;
  let users = 0;
  let events = 0;
  let nextMs = 0;

  const add = (account: string, user: string, type: string, atMs: number, rest: object = {}): Told => {
    const event = {
      ...generator.any(atMs, type),
      account_id: account,
      user_email: user,
      ...rest,
    } as WireEvent;
    events += 1;
    simulator.add(account, event);
    return { account, event };
  };
  /** Events of some types, one after the other, with what they have to come to. */
  const sequence = (
    types: readonly string[],
    plain: (told: readonly Told[], user: string) => readonly Decision[],
    how: { readonly rest?: object; readonly apart?: boolean; readonly pauseMs?: () => number } = {},
  ): Episode => {
    users += 1;
    const user = `user-${users}@example.com`;
    const told: Told[] = [];
    expectations.push(() => plain(told, user));
    const account = pick(accounts);
    // Each of another account, where that is the point.
    const first = Math.floor(random() * accounts.length);
    const accountOf = (at: number): string =>
      how.apart ? (accounts[(first + at) % accounts.length] ?? account) : account;
    return {
      dueMs: 0,
      async step(nowMs) {
        const type = types[told.length];
        if (type !== undefined) told.push(add(accountOf(told.length), user, type, nowMs, how.rest));
        return told.length < types.length ? (how.pauseMs ?? later)() : undefined;
      },
    };
  };
  const idsOf = (told: readonly Told[]): readonly string[] => told.map(({ event }) => event.id);

  const counted = (): Episode =>
    sequence(times(TYPES.count, 3 + Math.floor(random() * 5)), (told, user) =>
      Array.from({ length: Math.floor(told.length / 3) }, (_, at) =>
        decisionKey(TITLES.count, 'firing', idsOf(told.slice(3 * at, 3 * at + 3)), user),
      ),
    );
  const ordered = (): Episode =>
    sequence([TYPES.orderFirst, TYPES.orderSecond], (told, user) =>
      told.length < 2 ? [] : [decisionKey(TITLES.order, 'firing', idsOf(told), user)],
    );
  const first = (): Episode =>
    sequence(
      [TYPES.first, TYPES.first, TYPES.first],
      ([one]) => (one ? [decisionKey(TITLES.first, 'firing', [one.event.id], '')] : []),
      { rest: { source_country: 'NL' } },
    );
  const absent = (): Episode =>
    sequence(
      [TYPES.absence, TYPES.absence],
      (told, user) => {
        const gone = decisionKey(TITLES.absence, 'firing', [], user);
        return told.flatMap(({ event }, at) =>
          at === 0 ? [gone] : [decisionKey(TITLES.absence, 'resolved', [event.id], ''), gone],
        );
      },
      { pauseMs: () => ABSENCE_MS + 3_000 + random() * 8_000 },
    );
  const fleetWide = (): Episode =>
    sequence(
      times(TYPES.fleet, 4),
      (told, user) => (told.length < 4 ? [] : [decisionKey(TITLES.fleet, 'firing', idsOf(told), user)]),
      { apart: true },
    );
  const given = (): Episode =>
    sequence(times(TYPES.hushed, 6), (told) =>
      idsOf(told).map((id) => decisionKey(TITLES.hushed, 'firing', [id], '')),
    );
  const silence = (): Episode => {
    silences += 1;
    const id = `silence-${silences}`;
    return {
      dueMs: 0,
      mustEnd: true,
      async step() {
        const nowMs = Date.now();
        if (addedMs.has(id)) {
          await options.silences.expire(id, 'ordeal', nowMs);
          return undefined;
        }
        await options.silences.add({
          id,
          match: { rule: [TITLES.hushed] },
          author: 'ordeal',
          reason: 'to see',
          createdAtMs: nowMs,
          startsAtMs: nowMs,
          endsAtMs: nowMs + 10 * SILENCE_MS,
          schedule: undefined,
          expired: undefined,
        });
        addedMs.set(id, Date.now());
        return SILENCE_MS;
      },
    };
  };
  const blind = (): Episode => {
    // One that comes back soon is told otherwise: each account once.
    const account = pick(accounts.filter((name) => !blinded.has(name)));
    let began = false;
    return {
      dueMs: 0,
      mustEnd: true,
      async step() {
        if (account === undefined) return undefined;
        blinded.add(account);
        simulator.setSecret(account, began ? options.secret : 'another');
        if (began) return undefined;
        began = true;
        return BLIND_MS;
      },
    };
  };
  const lately = (): Episode => ({
    dueMs: 0,
    async step(nowMs) {
      const agoMs = LATE_MS.from + random() * (LATE_MS.to - LATE_MS.from);
      const { event } = add(pick(accounts), 'late@example.com', 'APP_UPDATE', nowMs - agoMs);
      lateIds.push(event.id);
      return undefined;
    },
  });
  const kinds: readonly (() => Episode)[] = [
    counted,
    counted,
    ordered,
    ordered,
    first,
    absent,
    fleetWide,
    given,
    silence,
    blind,
    ...(options.late ? [lately] : []),
  ];
  let turn: (() => Episode)[] = [];

  const goOn = async (nowMs: number): Promise<void> => {
    for (const episode of going) {
      if (episode.dueMs > nowMs) continue;
      // While the database is away a person tries again, too.
      const nextMs = await episode.step(nowMs).catch(() => AGAIN_MS);
      if (nextMs === undefined) going.delete(episode);
      else episode.dueMs = Date.now() + nextMs;
    }
  };
  return {
    async go(nowMs) {
      if (nowMs >= nextMs) {
        nextMs = nowMs + random() * 2 * EVERY_MS;
        // Each kind in turn, in an order that is drawn anew each round.
        if (turn.length === 0) turn = [...kinds];
        const [begin] = turn.splice(Math.floor(random() * turn.length), 1);
        if (begin) going.add(begin());
      }
      await goOn(nowMs);
    },
    async end() {
      for (const episode of going) if (!episode.mustEnd) going.delete(episode);
      while (going.size > 0) {
        for (const episode of going) episode.dueMs = 0;
        await goOn(Date.now());
        if (going.size > 0) await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    },
    expected: () => expectations.flatMap((plain) => plain()),
    late: () => lateIds,
    events: () => events,
    blinded: () => blinded,
    addedMs: () => addedMs,
  };
};
