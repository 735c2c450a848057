import type { DateForm, WireEvent } from './wire.ts';

/** In which order a list stands. */
export type Order =
  | 'newest-first'
  | 'oldest-first'
  /** Mixed up, the same way for every page of one query, so that paging still reads everything. */
  | 'unordered'
  /** Pages hold what newest-first would, mixed up differently by every request. */
  | 'shuffled-pages'
  /** The whole list is mixed up differently by every request: pages repeat some events and miss others. */
  | 'shuffled';

/** Elements of a page that are no events as documented, or nasty ones; see `malformed.ts` for each. */
export type MalformedKind =
  | 'null'
  | 'text'
  | 'number'
  | 'array'
  | 'empty-object'
  | 'no-id'
  | 'empty-id'
  | 'numeric-id'
  | 'no-date'
  | 'bad-date'
  | 'numeric-date'
  | 'future-date'
  | 'no-type'
  | 'text-context'
  | 'deep'
  | 'proto'
  | 'lone-surrogate'
  | 'nul'
  | 'big-context'
  | 'big-integer';

/** 200 answers of another shape than a page of events. */
export type Shape =
  | 'array'
  | 'null'
  | 'text'
  | 'number'
  | 'empty-object'
  | 'events-object'
  | 'events-null'
  | 'error';

/** What a `Retry-After` header says: seconds or a text, or one of the troublesome values. */
export type RetryAfter = number | 'date' | 'past-date' | 'absurd' | 'negative' | 'garbage';

/** What changes the list itself, before it is written as JSON. */
type ListFault =
  | { readonly kind: 'order'; readonly order: Order }
  /** Whether an event exactly at `date_from` / `date_to` belongs to the list; both do otherwise. */
  | {
      readonly kind: 'bounds';
      readonly from?: 'inclusive' | 'exclusive';
      readonly to?: 'inclusive' | 'exclusive';
    }
  /**
   * Before a page after the first is answered, an event is added to the trail (by default a late one at the time of
   * the newest of the list), or the first element of the list is missing for this answer: all later ones move.
   */
  | { readonly kind: 'shift'; readonly by: 'insert' | 'hide'; readonly event?: () => WireEvent }
  /**
   * Pages after the first begin with the last `count` (1) elements of the page before: on top of their own, with true
   * totals; or, when `counted`, within their size, as if the list had these elements twice.
   */
  | { readonly kind: 'duplicates'; readonly count?: number; readonly counted?: boolean }
  /** `perPage` (1) elements of every page are mangled; all kinds in turn when none is named. */
  | {
      readonly kind: 'malformed';
      readonly as?: MalformedKind | readonly MalformedKind[];
      readonly perPage?: number;
    }
  /** This page has no elements although pages follow. */
  | { readonly kind: 'empty-page'; readonly number: number }
  /** Every page is page 1 again, and there is always a next one. */
  | { readonly kind: 'same-page' }
  /** `totalElements` and `totalPages` are off by `by` (1; pages by 1), absent, or texts. */
  | {
      readonly kind: 'totals';
      readonly totals: 'too-big' | 'too-small' | 'missing' | 'text';
      readonly by?: number;
    }
  /** Dates written in the other form are answered with 400. */
  | { readonly kind: 'dates'; readonly accept: DateForm }
  /** Links point to this base, such as another host. */
  | { readonly kind: 'links'; readonly base: string };

/** What replaces an answer, or changes how it is written. */
export type AnswerFault =
  /** Any status without looking at the request. The body is JSON as documented, an HTML page, or empty. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly body?: 'json' | 'html' | 'empty';
      readonly retryAfter?: RetryAfter;
    }
  | { readonly kind: 'redirect'; readonly to: string; readonly status?: number }
  /** The same answer for every request, like a mock that knows the documented example only. */
  | { readonly kind: 'static'; readonly body?: string }
  | { readonly kind: 'shape'; readonly shape: Shape }
  /** 200 with an HTML page, as from a captive portal or a maintenance page. */
  | { readonly kind: 'html' }
  /** A complete HTTP answer whose JSON ends in the middle (after `keep` of its bytes, a share, 0.5). */
  | { readonly kind: 'truncated'; readonly keep?: number }
  /** At least `bytes` of valid JSON, written as fast as they are read, without a length in the headers. */
  | { readonly kind: 'huge'; readonly bytes: number }
  /** Compressed; cut short in the middle when `broken`. */
  | { readonly kind: 'gzip'; readonly broken?: boolean };

/** What happens to the connection. */
type TransportFault =
  /** Waits before the headers, or between the halves of the body. Infinity never answers. */
  | { readonly kind: 'slow'; readonly delayMs: number; readonly part?: 'headers' | 'body' }
  /** The answer has no `Date` header. */
  | { readonly kind: 'undated' }
  /** The connection is reset before any answer or in the middle of the body, or closed there in an orderly way. */
  | { readonly kind: 'reset'; readonly when: 'before' | 'middle' | 'middle-orderly' };

/** What happens when an event is added: it is visible only this long after its `created_at` (or drawn from a range). */
interface VisibilityFault {
  readonly kind: 'visibility';
  readonly delayMs: number | readonly [minMs: number, maxMs: number];
}

/** One way in which the API misbehaves. */
export type Fault = ListFault | AnswerFault | TransportFault | VisibilityFault;

/** The three things that can be asked for. */
export type Route = 'list' | 'event' | 'types';

/** To which requests a fault applies; to all, always, when nothing is said. */
interface FaultScope {
  /** Key of the account. */
  readonly account?: string;
  readonly route?: Route;
  /** Only requests for this page of a list. */
  readonly page?: number;
  /** Only the next so many requests that it would apply to (events, for `visibility`); then it is removed. */
  readonly next?: number;
  /** Applies with this probability, drawn anew for every request. */
  readonly probability?: number;
}

/** A fault and its scope in one flat object, as a configuration or a command line writes it. */
export type FaultSetting = Fault & FaultScope;

/** The fault of a kind. */
export type FaultOf<K extends Fault['kind']> = Extract<Fault, { readonly kind: K }>;

/** Every kind, by the moment at which it acts. */
export const FAULT_KINDS = {
  order: 'list',
  bounds: 'list',
  shift: 'list',
  duplicates: 'list',
  malformed: 'list',
  'empty-page': 'list',
  'same-page': 'list',
  totals: 'list',
  dates: 'list',
  links: 'list',
  status: 'answer',
  redirect: 'answer',
  static: 'answer',
  shape: 'answer',
  html: 'answer',
  truncated: 'answer',
  huge: 'answer',
  gzip: 'answer',
  slow: 'transport',
  undated: 'transport',
  reset: 'transport',
  visibility: 'event',
} as const satisfies Record<Fault['kind'], 'list' | 'answer' | 'transport' | 'event'>;
