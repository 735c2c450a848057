import type { z } from 'zod';
import { HTTP_SECTIONS } from './schema-http.ts';
import { ROUTE_SECTIONS } from './schema-routes.ts';
import { RULE_SECTIONS } from './schema-rules.ts';
import { STORE_SECTIONS } from './schema-store.ts';
import { TRAIL_SECTIONS } from './schema-trail.ts';
import { WATCH_SECTIONS } from './schema-watch.ts';
import type { SinkLimitDefaults } from './sink-limits.ts';

/*
 * The shape of the configuration file, section by section. The editor's JSON Schema and the table in
 * docs/configuration.md are generated from it, so every option carries its description where it is defined.
 */

/** Every section but `sinks`, whose types are handed in. */
export const SECTIONS = {
  ...TRAIL_SECTIONS,
  ...STORE_SECTIONS,
  ...RULE_SECTIONS,
  ...ROUTE_SECTIONS,
  ...HTTP_SECTIONS,
  ...WATCH_SECTIONS,
} as const;

/** Order of the sections in the file and in its documentation. */
export const SECTION_ORDER = [
  'accounts',
  'api',
  'poll',
  'reconcile',
  'drift',
  'store',
  'rules',
  'lists',
  'timezone',
  'time_windows',
  'presets',
  'sinks',
  'routes',
  'http',
  'drill',
  'heartbeat',
  'tracing',
  'log',
  'reload',
] as const;

/** A kind of sink, as far as its configuration goes. */
export interface SinkOptionsType {
  readonly type: string;
  /** A strict object; the common option `type` is not part of it. */
  readonly options: z.ZodObject;
  /** Names of the options that are secrets: they may be given as `<name>_file` and are redacted from the log. */
  readonly secrets: readonly string[];
  /** Pacing and folding where the operator says nothing. */
  readonly limits?: SinkLimitDefaults;
  /** The options that switch the sink off when those given are all empty; at least one is needed. Left out: `url`. */
  readonly switches?: readonly string[];
  /** Whether a sink with these checked options takes audit events; absent: none of this kind does. */
  readonly takesEvents?: (options: Readonly<Record<string, unknown>>) => boolean;
}
