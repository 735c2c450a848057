import type { FeedRoute } from '../core/feed.ts';
import type { Role } from '../core/role.ts';
import type { Route } from '../core/route.ts';

import type { TimeWindowSettings } from '../core/time-window.ts';
import type { ProxySettings } from './proxy.ts';
import type { StoreSettings } from './read-store.ts';
import type { SinkOptionsType } from './schema.ts';
import type { TellOfSecret } from './secrets.ts';
import type { SinkLimitSettings } from './sink-limits.ts';
import type { ListenAddress, PollStart } from './values.ts';

/** One account to watch. */
export interface AccountSettings {
  readonly name: string;
  readonly apiKey: string;
  /**
   * Key and secret for the next request. Cheap enough to be asked every time: a changed secret file is noticed, and what
   * becomes of it told to `tell`.
   */
  credentials(tell?: TellOfSecret): { readonly apiKey: string; readonly apiSecret: string };
  /** The file that the secret is read from, when it comes from one. */
  readonly secretFile: string | undefined;
}

/** One sink, its options checked by the sink's own schema. */
export interface SinkSettings {
  readonly name: string;
  readonly type: string;
  /** The kind of sink that `type` names; one of those the configuration was read with, or made of a preset. */
  readonly sinkType: SinkOptionsType;
  readonly options: Readonly<Record<string, unknown>>;
  /** The option that switches it off, `url` for most, is empty: it takes no deliveries, and its options are not complete. */
  readonly off: boolean;
  readonly limits: SinkLimitSettings;
  /** The files that its options were read from, named by `<option>_file` or by `NAME_FILE` of a variable. */
  readonly secretFiles: readonly string[];
  /**
   * The options once more, of the configuration as it was read at first and the files as they are now; or why they
   * cannot be had. What is new in them is known to the redactor when this answers.
   */
  reread(): RereadSink;
}

/** What {@link SinkSettings.reread} came to. No text holds a secret. */
export type RereadSink =
  | {
      readonly options: Readonly<Record<string, unknown>>;
      /** What is doubtful about the files, for people. */
      readonly warnings: readonly string[];
    }
  | { readonly reason: string };

/** One token of the HTTP API. */
export interface TokenSettings {
  readonly name: string;
  readonly role: Role;
  /** The token as it is now: a changed file is noticed, and what becomes of it told to `tell`. */
  current(tell?: TellOfSecret): string;
  /** The file that it is read from, when it comes from one. */
  readonly secretFile: string | undefined;
}

/** A regular test of the way alerts take. */
export interface DrillSettings {
  /** When: a minute of the week. */
  readonly schedule: TimeWindowSettings;
  /** Names of sinks; undefined: all that are on. */
  readonly to: readonly string[] | undefined;
  readonly withinMs: number;
}

/** The dead man's switch. */
export interface HeartbeatSettings {
  readonly url: string;
  readonly intervalMs: number;
  /** Whether heads of the chains are sent along. */
  readonly heads: boolean;
  /** The files that the URL was read from, named by `url_file` or by `NAME_FILE` of a variable. */
  readonly secretFiles: readonly string[];
  /** The URL once more, as {@link SinkSettings.reread}. */
  reread(): RereadHeartbeat;
}

/** Where spans go. */
export interface TracingSettings {
  /** With the path of traces. */
  readonly url: string;
  /** Sent with every request; secrets. */
  readonly headers: Readonly<Record<string, string>>;
  readonly serviceName: string;
  /** Share of the traces that are kept, 0 to 1. */
  readonly sample: number;
}
/** What {@link HeartbeatSettings.reread} came to. No text holds a secret. */
export type RereadHeartbeat =
  | { readonly url: string; readonly warnings: readonly string[] }
  | { readonly reason: string };

/** The whole configuration, checked. Paths are as given where not said otherwise; durations are milliseconds. */
export interface Settings {
  /** The configuration file. */
  readonly file: string;
  readonly accounts: readonly AccountSettings[];
  readonly api: {
    readonly baseUrl: string;
    readonly pageSize: number;
    readonly timeoutMs: number;
    /** Shared by all accounts; undefined: not limited. */
    readonly requestsPerSecond: number | undefined;
  };
  readonly poll: {
    readonly intervalMs: number;
    /** With `overlapAuto` only where it begins, before any lateness was measured. */
    readonly overlapMs: number;
    /** The overlap follows the lateness measured. */
    readonly overlapAuto: boolean;
    readonly settleMs: number;
    readonly start: PollStart;
    readonly maxWindowEvents: number;
  };
  readonly reconcile: {
    /** Of all accounts together, each. */
    readonly requestsPerMinute: number;
    readonly backfillRequestsPerMinute: number;
    /** What is read again, and how often. */
    readonly sweeps: readonly { readonly lastMs: number; readonly everyMs: number }[];
  };
  readonly drift: { readonly learnMs: number };
  readonly store: StoreSettings;
  readonly lists: Readonly<Record<string, readonly string[]>>;
  readonly timezone: string;
  readonly timeWindows: Readonly<Record<string, TimeWindowSettings>>;
  readonly sinks: readonly SinkSettings[];
  /** In order; the last one takes every alert. Sinks that are off are still named. */
  readonly routes: readonly Route[];
  /** Routes that feed sinks with events instead of alerts. */
  readonly feeds: readonly FeedRoute[];
  /** `listen` undefined: no HTTP server. */
  readonly http: {
    readonly listen: ListenAddress | undefined;
    /** Where people reach the server; undefined: alerts carry no links. */
    readonly externalUrl: string | undefined;
    /** Who may use the HTTP API. Empty: everybody on a loopback address, nobody beyond. */
    readonly tokens: readonly TokenSettings[];
    /** Whether `/metrics` asks for a token. */
    readonly metrics: 'open' | 'token';
  };
  readonly drill: DrillSettings | undefined;
  readonly heartbeat: HeartbeatSettings | undefined;
  readonly tracing: TracingSettings | undefined;
  readonly log: {
    readonly level: 'debug' | 'info' | 'warn' | 'error';
    readonly events: 'all' | 'matched' | 'none';
  };
  /** `watch`: load again when a file changes. */
  readonly reload: { readonly watch: boolean };
  /** From the environment. */
  readonly proxy: ProxySettings;
}
