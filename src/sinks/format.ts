import { z } from 'zod';
import type { JsonObject } from '../base/json.ts';
import type { Delivery, FedEvent } from '../core/delivery.ts';
import { portableJson, publicAlert } from './alert-json.ts';
import { ecsAlert, ecsEvent } from './ecs.ts';
import { ocsfAlert, ocsfEvent } from './ocsf.ts';
import type { AlertAction } from './sink-type.ts';
import { isoTime } from './text.ts';
import { verbatimLine } from './verbatim.ts';

/** Forms in which alerts and events are written for machines. */
export const FORMATS = ['json', 'ecs', 'ocsf'] as const;
export type Format = (typeof FORMATS)[number];

/** The option `format` of sinks that write for machines. */
export const formatOption = () =>
  z
    .enum(FORMATS)
    .default('json')
    .describe(
      'How alerts and events are written: our JSON, Elastic Common Schema (`ecs`), or Open Cybersecurity Schema Framework (`ocsf`).',
    );

/**
 * An alert on one line of JSON, without its line feed. `version` is that of the monitor; `actions` are given to people
 * alone, so only our own form has them.
 */
export const alertLine = (
  format: Format,
  delivery: Delivery,
  version: string,
  actions?: readonly AlertAction[],
): string => {
  switch (format) {
    case 'ecs':
      return portableJson(ecsAlert(delivery, version));
    case 'ocsf':
      return portableJson(ocsfAlert(delivery, version));
    case 'json':
      break;
  }
  return portableJson(publicAlert(delivery, actions));
};

/**
 * An event on one line of JSON, without its line feed. In our own form `event` is the event word for word, numbers with
 * all their digits.
 */
export const eventLine = (format: Format, event: FedEvent, version: string): string => {
  if (format === 'ecs') return portableJson(ecsEvent(event, version));
  if (format === 'ocsf') return portableJson(ocsfEvent(event, version));
  return `${portableJson(envelope(event)).slice(0, -1)},"event":${verbatimLine(event.json)}}`;
};

const envelope = (event: FedEvent): JsonObject => ({
  kind: 'event',
  account: event.account,
  id: event.id,
  event_type: event.eventType,
  created_at: isoTime(event.createdAtMs),
  seen_at: isoTime(event.seenAtMs),
});
