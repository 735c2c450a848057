import type { Act } from './acts.ts';
import type { Alert, AlertKind, Level } from './alert.ts';
import type { Why } from './decided.ts';
import type { DeliveryState } from './delivery.ts';
import type { QuarantinedEvent } from './event.ts';
import type { Settlement } from './outbox.ts';

/** Part of a long answer, in the order asked for. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Where the next page starts; undefined after the last one. Opaque, and good only for the same query. */
  readonly next: string | undefined;
}

/** Which part of an answer to read. A cursor that the store never gave is refused with a RangeError. */
export interface PageQuery {
  /** {@link Page.next} of the page before. */
  readonly after?: string | undefined;
  /** Most items of the page, at least 1. Default 100. */
  readonly limit?: number | undefined;
  /** Newest first instead of oldest first. */
  readonly newestFirst?: boolean | undefined;
}

/** Which events to read; what is left out does not restrict. */
export interface EventQuery extends PageQuery {
  readonly account?: string | undefined;
  /** Half-open [fromMs, toMs) of created_at. */
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  /** Any of these event types. */
  readonly types?: readonly string[] | undefined;
  readonly id?: string | undefined;
}

/** An event as the store keeps it. */
export interface StoredEvent {
  readonly account: string;
  readonly id: string;
  readonly eventType: string;
  readonly createdAtMs: number;
  /** When the window that brought it was committed. Epoch ms. */
  readonly seenAtMs: number;
  /** Byte for byte as the API gave it. */
  readonly json: string;
}

/** Which alerts to read. */
export interface AlertQuery extends PageQuery {
  readonly id?: string | undefined;
  readonly account?: string | undefined;
  readonly kind?: AlertKind | undefined;
  readonly level?: Level | undefined;
  readonly ruleId?: string | undefined;
  /** Half-open [fromMs, toMs) of the time the alert was decided. */
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
}

/** Which deliveries to read. */
export interface DeliveryQuery extends PageQuery {
  readonly id?: string | undefined;
  readonly alertId?: string | undefined;
  readonly sink?: string | undefined;
  readonly state?: DeliveryState | undefined;
  readonly ruleId?: string | undefined;
  /** Half-open [fromMs, toMs) of the time it was put into the outbox. */
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  /** Deliveries that were folded into, or hidden and told by, the delivery of this id. */
  readonly foldedInto?: string | undefined;
}

/** A delivery as the outbox keeps it, without the alert itself. */
export interface DeliveryRecord {
  readonly id: string;
  readonly alertId: string;
  readonly sink: string;
  readonly state: DeliveryState;
  /** Attempts begun and not given back. */
  readonly attempts: number;
  readonly createdAtMs: number;
  /** When it is due again; while `sending`, when its lease expires; undefined once it has ended. */
  readonly dueAtMs: number | undefined;
  /** When it was sent or parked; undefined while it is under way. */
  readonly endedAtMs: number | undefined;
  /** The conversation it belongs to at its sink. */
  readonly thread: string;
  /** Id of the delivery of the summary that tells it, when it was folded or silenced. */
  readonly foldedInto: string | undefined;
  /** Id of the silence that hides it. */
  readonly silence: string | undefined;
  /** Why it is what it is, in the order of deciding; empty for those of older versions. */
  readonly why: readonly Why[];
}

/** One attempt as recorded. */
export interface AttemptRecord {
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly outcome: Settlement['outcome'];
  readonly detail: string;
  /** The receiver's status, when there was one. */
  readonly status?: number;
  /** Bytes of the message, when they are known. */
  readonly bytes?: number;
}

/** An alert as far as an event's reader wants to know it. */
export interface EventAlert {
  /** Of which account; FLEET for that of a rule over all accounts. */
  readonly account: string;
  readonly id: string;
  readonly kind: AlertKind;
  readonly level: Level;
  readonly ruleId: string;
  readonly title: string;
  readonly message: string;
  /** Epoch ms. */
  readonly decidedAtMs: number;
}

/** Which acts to read. */
export interface ActQuery extends PageQuery {
  /** Id of a silence, delivery or alert. */
  readonly subject?: string | undefined;
}

/** Which windows of the ledger to read. */
export interface WindowQuery extends PageQuery {
  readonly account?: string | undefined;
  /** Only those that were committed as unverified (false) or verified (true). */
  readonly verified?: boolean | undefined;
}

/** One committed window. */
export interface WindowRecord {
  readonly account: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly verified: boolean;
  /** Events the API gave, seen ones included. */
  readonly events: number;
  /** Those of them that were new. */
  readonly fresh: number;
  /** New ones that lay behind the watermark when they were found. */
  readonly late: number;
  readonly committedAtMs: number;
}

/** Which quarantined content to read. */
export interface QuarantineQuery extends PageQuery {
  readonly account?: string | undefined;
}

/** Quarantined content, with when it was first found. */
export interface QuarantineRecord extends QuarantinedEvent {
  readonly foundAtMs: number;
}

/** Reads what was kept, page by page, for people: command line, server, export. Never writes. */
export interface History {
  /** Ordered by (created_at, id, account). */
  events(query: EventQuery): Promise<Page<StoredEvent>>;
  /** In the order they were stored, as all that follow. */
  alerts(query: AlertQuery): Promise<Page<Alert>>;
  /** How many firing alerts each rule, by id, has had since a moment (epoch ms); rules without any are left out. */
  ruleHits(sinceMs: number): Promise<ReadonlyMap<string, number>>;
  deliveries(query: DeliveryQuery): Promise<Page<DeliveryRecord>>;
  /** All attempts of one delivery, oldest first; empty when it is unknown. */
  attempts(deliveryId: string): Promise<readonly AttemptRecord[]>;
  /** The alerts an event took part in, oldest first. */
  alertsOf(account: string, eventId: string): Promise<readonly EventAlert[]>;
  acts(query: ActQuery): Promise<Page<Act>>;
  windows(query: WindowQuery): Promise<Page<WindowRecord>>;
  quarantine(query: QuarantineQuery): Promise<Page<QuarantineRecord>>;
  /** Names of all accounts that ever committed a window, sorted. */
  accounts(): Promise<readonly string[]>;
}
