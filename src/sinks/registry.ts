import { emailSink } from './email.ts';
import { fileSink } from './file.ts';
import { logSink } from './log.ts';
import type { SinkType } from './sink-type.ts';
import { slackSink } from './slack.ts';
import { syslogSink } from './syslog.ts';
import { webhookSink } from './webhook.ts';

/** Every kind of sink there is, in the order of the documentation. */
export const SINK_TYPES: readonly SinkType[] = [
  logSink, //
  slackSink,
  emailSink,
  webhookSink,
  fileSink,
  syslogSink,
];
