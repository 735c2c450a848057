import type { Clock } from '../core/clock.ts';
import { type Answer, errorAnswer, jsonAnswer, type PageForm, pageAnswer, typesAnswer } from './answer.ts';
import { toEntry } from './entry.ts';
import type { ActiveFaults } from './fault-table.ts';
import { cutPage } from './listing.ts';
import { type ListQuery, parseListQuery } from './query.ts';
import type { Rand } from './random.ts';
import type { Target } from './routing.ts';
import type { Trail, TrailQuery } from './trail.ts';
import type { WireEvent } from './wire.ts';

/** An account as the endpoints see it. */
export interface Account {
  secret: string;
  readonly trail: Trail;
}

/** What the endpoints stand on. */
export interface EndpointOptions extends PageForm {
  readonly accounts: ReadonlyMap<string, Account>;
  readonly eventTypes: Readonly<Record<string, string>>;
  readonly now: Clock;
  readonly rand: Rand;
}

/** Answers a request as the contract says, the list as its faults have it. */
export const createEndpoints = (
  options: EndpointOptions,
): ((target: Target, faults: ActiveFaults) => Answer) => {
  const { accounts, eventTypes, now, rand } = options;

  /** The page shift by insertion: an event that appears between two page reads of one list. */
  const shift = (account: string, trail: Trail, query: ListQuery, faults: ActiveFaults): void => {
    const fault = faults.of('shift');
    if (fault?.by !== 'insert' || query.page === 1) return;
    const event = fault.event?.() ?? lateCopy(account, trail, range(query, faults), rand);
    if (event) trail.add([{ entry: toEntry(event, options.linkBase), visibleAtMs: now() }], now());
  };

  const list = (target: Target, trail: Trail, faults: ActiveFaults): Answer => {
    const query = parseListQuery(target.params, faults.of('dates')?.accept);
    if (typeof query === 'string') return errorAnswer(400, query);
    shift(target.account, trail, query, faults);
    const listing = cutPage(trail.select(range(query, faults)), query, faults, rand);
    const linkBase = faults.of('links')?.base ?? options.linkBase;
    return pageAnswer(listing, query, { linkBase, emptyEmbedded: options.emptyEmbedded });
  };

  return (target, faults) => {
    const account = accounts.get(target.account);
    if (!account || account.secret !== target.secret) return errorAnswer(401);
    if (target.route === 'types') return typesAnswer(eventTypes);
    account.trail.reveal(now());
    if (target.route === 'list') return list(target, account.trail, faults);
    const found = account.trail.byId(target.id);
    if (found) return jsonAnswer(found.json);
    return errorAnswer(404, `Event with provided id: ${target.id} was not found`);
  };
};

const range = (query: ListQuery, faults: ActiveFaults): TrailQuery => {
  const bounds = faults.of('bounds');
  const { fromMs, toMs, types, search } = query;
  return {
    ...(fromMs === undefined ? {} : { from: { ms: fromMs, inclusive: bounds?.from !== 'exclusive' } }),
    ...(toMs === undefined ? {} : { to: { ms: toMs, inclusive: bounds?.to !== 'exclusive' } }),
    ...(types ? { types } : {}),
    ...(search === undefined ? {} : { search }),
  };
};

/** An event like the newest of the list, with an id of its own. */
const lateCopy = (account: string, trail: Trail, query: TrailQuery, rand: Rand): WireEvent | undefined => {
  const list = trail.select(query);
  if (list.length === 0) return undefined;
  const { _links, ...event } = JSON.parse(list.at(list.length - 1).json) as WireEvent;
  return { ...event, id: rand.uuid(), account_id: account };
};
