import { stableId } from '../base/hash.ts';
import type { JsonObject } from '../base/json.ts';
import type { FedEvent } from '../core/delivery.ts';
import { portableJson } from './alert-json.ts';
import { CLOUD_EVENT_TYPE } from './cloud-event.ts';
import { eventLine, type Format } from './format.ts';
import { isoTime } from './text.ts';

/** How a webhook writes events. */
export interface EventBodyOptions {
  readonly format: Format | 'cloudevents';
  readonly batch: 'array' | 'ndjson';
}

/** Identity of a batch: the same for the same events, whichever attempt it is. */
export const batchId = (batch: readonly FedEvent[]): string =>
  stableId('batch', ...batch.flatMap(({ account, id }) => [account, id]));

/** Body and content type of a batch. */
export const eventBody = (
  batch: readonly FedEvent[],
  { format, batch: form }: EventBodyOptions,
  version: string,
): { readonly type: string; readonly body: string } => {
  const lines = batch.map((event) =>
    format === 'cloudevents' ? cloudEventLine(event, version) : eventLine(format, event, version),
  );
  if (form === 'ndjson')
    return { type: 'application/x-ndjson; charset=utf-8', body: `${lines.join('\n')}\n` };
  const type =
    format === 'cloudevents'
      ? CLOUD_EVENT_TYPE.replace('cloudevents', 'cloudevents-batch')
      : 'application/json; charset=utf-8';
  return { type, body: `[${lines.join(',')}]` };
};

/** An event as a CloudEvent 1.0, with the audit event word for word as its data. */
const cloudEventLine = (event: FedEvent, version: string): string => {
  const time = isoTime(event.createdAtMs);
  const envelope: JsonObject = {
    specversion: '1.0',
    id: event.id,
    source: `/vonage-audit-monitor/accounts/${encodeURIComponent(event.account.toWellFormed())}`,
    type: 'vonage-audit-monitor.event',
    ...(event.eventType === '' ? {} : { subject: event.eventType }),
    ...(time === null ? {} : { time }),
    datacontenttype: 'application/json',
  };
  return `${portableJson(envelope).slice(0, -1)},"data":${eventLine('json', event, version)}}`;
};
