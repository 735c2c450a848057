import type { AlertKind, Level } from '../core/alert.ts';
import type { DeliveryState } from '../core/delivery.ts';
import type { Matchers } from '../core/matcher.ts';
import type {
  ActPage,
  AlertPage,
  AlertStoryAnswer,
  BacktestAnswer,
  DeliveryPage,
  ReloadAnswer,
  RuleDetail,
  RuleList,
  SilenceAnswer,
  SilencePreview,
} from './alert-shapes.ts';
import type { ActAnswer } from './api-common.ts';
import type { StatusAnswer } from './status-shape.ts';
import type {
  CalendarAnswer,
  CompletenessList,
  EventDetail,
  EventPage,
  EventTypesAnswer,
  Explanations,
  VolumeAnswer,
} from './trail-shapes.ts';

/** Part of a list. */
export interface Part {
  readonly after: string | undefined;
  readonly limit: number;
}

/** Which events are asked for. */
export interface EventSearch extends Part {
  readonly account: string | undefined;
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
  readonly types: readonly string[] | undefined;
  /** Id of the user, or part of the e-mail address. */
  readonly user: string | undefined;
  /** Part of the event's JSON. */
  readonly search: string | undefined;
  readonly country: string | undefined;
  /** An address or a network. */
  readonly ip: string | undefined;
  /** Only those that took part in an alert. */
  readonly matched: boolean;
  readonly newestFirst: boolean;
}

/** Which alerts are asked for. */
export interface AlertSearch extends Part {
  readonly account: string | undefined;
  readonly kind: AlertKind | undefined;
  readonly levels: readonly Level[] | undefined;
  readonly rule: string | undefined;
  readonly status: 'firing' | 'resolved' | undefined;
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
  readonly search: string | undefined;
  readonly newestFirst: boolean;
}

/** Which deliveries are asked for. */
export interface DeliverySearch extends Part {
  readonly sink: string | undefined;
  readonly state: DeliveryState | undefined;
  readonly rule: string | undefined;
  readonly alert: string | undefined;
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
}

/** A silence that somebody wants. */
export interface SilenceWish {
  readonly match: Matchers;
  readonly reason: string;
  readonly startsAtMs: number;
  readonly endsAtMs: number;
  readonly schedule:
    | { readonly days?: string; readonly hours?: string; readonly timezone?: string }
    | undefined;
}

/** A rule to be held against the past: one that is loaded, by its id, or a text. */
export interface BacktestWish {
  readonly rule: string | undefined;
  readonly source: string | undefined;
  readonly fromMs: number;
  readonly toMs: number;
}

/** What a stream tells. */
export const STREAM_TYPES = ['event', 'alert', 'delivery', 'status'] as const;
export type StreamType = (typeof STREAM_TYPES)[number];

/** One message of a stream. */
export interface StreamMessage {
  readonly type: StreamType;
  /** Where the stream goes on after this message. */
  readonly id: string;
  readonly data: unknown;
}

/** A stream that was begun. */
export interface Subscription {
  /** Where it began: a reader that is cut before the first message comes back with it. */
  readonly cursor: string;
  close(): void;
}

/**
 * Everything that people and programs can ask of a running monitor, or have it do. Answers have the shapes of the API.
 * Undefined: there is no such thing (any more). What cannot be done for a reason that the caller can mend rejects with a
 * UsageError, a cursor that is none with a RangeError. No method keeps the event loop for long.
 */
export interface Console {
  readonly version: string;
  status(): Promise<StatusAnswer>;
  events(search: EventSearch, signal: AbortSignal): Promise<EventPage>;
  event(account: string, id: string, signal: AbortSignal): Promise<EventDetail | undefined>;
  /** `rule` undefined: those behind the event's alerts. */
  explain(account: string, id: string, rule: string | undefined): Promise<Explanations | undefined>;
  eventTypes(signal: AbortSignal): Promise<EventTypesAnswer>;
  volume(
    wish: {
      readonly account: string | undefined;
      readonly fromMs: number;
      readonly toMs: number;
      readonly stepMs: number;
    },
    signal: AbortSignal,
  ): Promise<VolumeAnswer>;
  alerts(search: AlertSearch, signal: AbortSignal): Promise<AlertPage>;
  alert(id: string): Promise<AlertStoryAnswer | undefined>;
  acknowledge(id: string, reason: string, by: string): Promise<ActAnswer | undefined>;
  deliveries(search: DeliverySearch, signal: AbortSignal): Promise<DeliveryPage>;
  retry(which: DeliveryWish, by: string): Promise<number>;
  drop(which: DeliveryWish, by: string): Promise<number>;
  rules(): Promise<RuleList>;
  rule(id: string): Promise<RuleDetail | undefined>;
  /** Undefined: no rule has this id. */
  backtest(wish: BacktestWish, signal: AbortSignal): Promise<BacktestAnswer | undefined>;
  silences(ended: boolean): Promise<readonly SilenceAnswer[]>;
  addSilence(wish: SilenceWish, by: string): Promise<SilenceAnswer>;
  expireSilence(id: string, by: string): Promise<SilenceAnswer | undefined>;
  previewSilence(match: Matchers, signal: AbortSignal): Promise<SilencePreview>;
  acts(part: Part & { readonly subject: string | undefined }): Promise<ActPage>;
  completeness(): Promise<CompletenessList>;
  calendar(
    account: string,
    fromMs: number,
    toMs: number,
    signal: AbortSignal,
  ): Promise<CalendarAnswer | undefined>;
  reload(by: string): Promise<ReloadAnswer>;
  /**
   * Tells what happens from the cursor on (undefined: from now on), in order, until it is closed. `tell` answers whether
   * the reader goes on; a promise has the next event or alert wait. After a false nothing more is told.
   */
  subscribe(
    types: ReadonlySet<StreamType>,
    cursor: string | undefined,
    tell: (message: StreamMessage) => boolean | Promise<boolean>,
  ): Promise<Subscription>;
}

/** Deliveries that an act is about. */
export interface DeliveryWish {
  readonly ids: readonly string[] | undefined;
  readonly sink: string | undefined;
  readonly reason: string;
}
