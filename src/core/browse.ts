import type { AlertKind, Level } from './alert.ts';
import type { DeliveryRecord, StoredEvent } from './history.ts';

/*
 * Reading for people who look around in a store of any size. Every method reads a bounded number of rows by an index, so
 * that polls and deliveries of the same process hardly wait for it; whoever looks for what is rare asks again and again.
 */

/** Where an event stands, without its content. */
export interface EventKey {
  readonly seq: number;
  readonly id: string;
  readonly eventType: string;
  /** Epoch ms. */
  readonly createdAtMs: number;
  /** Whether it took part in an alert; false unless that was asked for. */
  readonly matched: boolean;
}

/** Where an event stands among those of all accounts: in order of (created_at, id, account). */
export interface EventPlace {
  /** Epoch ms. */
  readonly createdAtMs: number;
  readonly id: string;
  readonly account: string;
}

/** An event without its content, with its account. */
export interface PlacedKey extends EventKey {
  readonly account: string;
}

/** Where the trails of all accounts begin: half-open [fromMs, toMs) of created_at, and from a place on, whatever account it is of. */
export interface EventHeads {
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  readonly from?: Omit<EventPlace, 'account'> | undefined;
  readonly newestFirst: boolean;
  /** Say of each whether it took part in an alert. */
  readonly withMatched?: boolean | undefined;
}

/** A piece of one account's trail, in order of (created_at, id). */
export interface EventSlice {
  readonly account: string;
  /** Half-open [fromMs, toMs) of created_at. */
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  /** The event that the piece begins after, or (`inclusive`) with. */
  readonly after?:
    | { readonly createdAtMs: number; readonly id: string; readonly inclusive: boolean }
    | undefined;
  readonly newestFirst: boolean;
  /** Rows, at most. */
  readonly limit: number;
  /** Say of each whether it took part in an alert. */
  readonly withMatched?: boolean | undefined;
}

/** Where an alert stands, without its content. */
export interface AlertKey {
  readonly seq: number;
  readonly id: string;
  readonly account: string;
  readonly kind: AlertKind;
  readonly level: Level;
  readonly ruleId: string;
  readonly decidedAtMs: number;
}

/** A piece of the alerts, in order of (decided, seq). */
export interface AlertSlice {
  /** Half-open [fromMs, toMs) of the time of deciding. */
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  readonly after?: Pick<AlertKey, 'decidedAtMs' | 'seq'> | undefined;
  readonly newestFirst: boolean;
  readonly limit: number;
  /** Only those of this rule. */
  readonly ruleId?: string | undefined;
}

/** A delivery with what is known of its alert without reading that. */
export interface DeliveryKey extends DeliveryRecord {
  readonly seq: number;
  /** Place of its alert. */
  readonly alertSeq: number;
  readonly ruleId: string;
  readonly level: Level;
  readonly account: string;
  /** What the last attempt came to; undefined: there was none. */
  readonly lastDetail: string | undefined;
}

/** A piece of the deliveries, newest first. */
export interface DeliverySlice {
  /** Only those before this one; undefined: from the newest on. */
  readonly before: number | undefined;
  readonly limit: number;
  /** Only those of this alert. */
  readonly alertId?: string | undefined;
  /** Only those that wait for a person: they are few, and found without a look at the others. */
  readonly parked?: boolean | undefined;
}

/** The order of commits: the newest of each kind. 0: none. */
export interface StorePosition {
  readonly event: number;
  readonly alert: number;
  readonly delivery: number;
  readonly act: number;
}

/** The rows of the store, a slice at a time. */
export interface Browse {
  events(slice: EventSlice): Promise<readonly EventKey[]>;
  /** The first event of each account's trail, in no order; one question however many accounts there are. */
  heads(heads: EventHeads): Promise<readonly PlacedKey[]>;
  /** Events by their place in the order of commits; those that are gone are left out. */
  eventsAt(seqs: readonly number[]): Promise<readonly (StoredEvent & { readonly seq: number })[]>;
  /** The events that were stored after one, in order of commits. */
  eventsSince(seq: number, limit: number): Promise<readonly (StoredEvent & { readonly seq: number })[]>;
  alerts(slice: AlertSlice): Promise<readonly AlertKey[]>;
  /** Contents of alerts, as JSON, by their place; those that are gone are left out. */
  alertTexts(seqs: readonly number[]): Promise<ReadonlyMap<number, string>>;
  /** Alerts that were stored after one, in order of commits. */
  alertsSince(seq: number, limit: number): Promise<readonly AlertKey[]>;
  /** How many deliveries of an alert are in which state. */
  deliveryStates(alertSeq: number): Promise<Readonly<Record<string, number>>>;
  deliveries(slice: DeliverySlice): Promise<readonly DeliveryKey[]>;
  deliveriesAt(seqs: readonly number[]): Promise<readonly DeliveryKey[]>;
  /** Places of deliveries that were stored after one, in order. */
  deliveriesSince(seq: number, limit: number): Promise<readonly number[]>;
  /** What is under way: place and a text that changes with the state. At most `limit`, those due first. */
  underWay(limit: number): Promise<readonly { readonly seq: number; readonly state: string }[]>;
  /** What people did after an act, in order: what it was done to. */
  actsSince(
    seq: number,
    limit: number,
  ): Promise<readonly { readonly seq: number; readonly subject: string }[]>;
  /** Places of the deliveries with these ids; unknown ones are left out. */
  deliveryPlaces(ids: readonly string[]): Promise<readonly number[]>;
  newest(): Promise<StorePosition>;
  /** How often a rule alerted in [fromMs, toMs), and when last (at all). The ends of absences count as well. */
  hits(
    ruleId: string,
    fromMs: number,
    toMs: number,
  ): Promise<{ readonly count: number; readonly lastMs: number | undefined }>;
  /** How many events an account has in [fromMs, toMs) of created_at; to be asked about short times. */
  countEvents(account: string, fromMs: number, toMs: number): Promise<number>;
  /** How many events of an account were found late, by the day (epoch ms) on which they were. */
  lateByDay(account: string, sinceMs: number): Promise<ReadonlyMap<number, number>>;
  /** Names of all event types that were ever stored. */
  eventTypes(): Promise<readonly string[]>;
}
