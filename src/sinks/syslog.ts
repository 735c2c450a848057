import { hostname } from 'node:os';
import { createSecureContext } from 'node:tls';
import { z } from 'zod';
import { formatDuration } from '../base/duration.ts';
import { errorText, UsageError } from '../base/errors.ts';
import type { Delivery, FedEvent, Verdict } from '../core/delivery.ts';
import { withDeadline } from './deadline.ts';
import { alertLine, eventLine, formatOption } from './format.ts';
import { createTurns } from './in-turn.ts';
import { pemOption, timeoutOption, urlOption } from './option-schemas.ts';
import type { SinkType } from './sink-type.ts';
import { FACILITIES, type Facility, SEVERITIES, type SyslogMessage, syslogBytes } from './syslog-message.ts';
import { createTransport, type SyslogTarget } from './syslog-transport.ts';
import { createReason, failureVerdict, unsendable } from './verdict.ts';

const PORTS = { udp: 514, tcp: 601, tls: 6514 } as const;
/** What every receiver of datagrams should take (RFC 5426, 3.2). */
const DATAGRAM_BYTES = 2_048;
/** Number set aside for examples (RFC 5612). */
const EXAMPLE_ENTERPRISE = 32_473;

const header = (max: number) =>
  z.string().regex(new RegExp(`^[!-~]{1,${max}}$`), {
    error: `allowed: 1 to ${max} printable ASCII characters without spaces`,
  });

const options = z.strictObject({
  url: urlOption(
    ['udp:', 'tcp:', 'tls:'],
    'The syslog server: `udp://host:514`, `tcp://host:601` or `tls://host:6514` (the ports are the defaults). Empty: the sink is off.',
  ),
  format: formatOption(),
  facility: z
    .enum(Object.keys(FACILITIES) as [Facility, ...Facility[]])
    .default('local0')
    .describe('Facility of every message. The severity follows from the level.'),
  hostname: header(255).optional().describe('HOSTNAME of every message. Absent: the name of this machine.'),
  app_name: header(48).default('vonage-audit-monitor').describe('APP-NAME of every message.'),
  enterprise_id: z
    .int()
    .min(1)
    .max(2_147_483_647)
    .default(EXAMPLE_ENTERPRISE)
    .describe(
      'Private enterprise number in the name of the structured data, `vonage@NUMBER`. The default is the one set aside for examples.',
    ),
  framing: z
    .enum(['octet-counting', 'lf'])
    .default('octet-counting')
    .describe(
      'For `tcp://`: how messages are told apart, by their length before them or by a line feed behind them. TLS always counts.',
    ),
  bom: z
    .boolean()
    .default(true)
    .describe(
      'Whether the text begins with the mark that says UTF-8, as RFC 5424 asks. For receivers that take it for a character, `false`.',
    ),
  max_size: z
    .int()
    .min(480)
    .max(65_507)
    .optional()
    .describe(
      'Most bytes of one message; a longer one is cut, with a note. Absent: 2048 for `udp://`, else not cut.',
    ),
  ca: pemOption('Certificate authorities to trust instead of the built-in ones.'),
  cert: pemOption('Client certificate for `tls://`; needs `key`.'),
  key: pemOption('Private key of the client certificate; needs `cert`. A secret.'),
  server_name: z
    .string()
    .min(1)
    .optional()
    .describe("Name that the server's certificate must be for. Absent: the host of the url."),
  timeout: timeoutOption('10s', 'How long one attempt may take, from connecting to the last byte.'),
});

type Options = z.output<typeof options>;

/** RFC 5424 over UDP, TCP or TLS. There is no answer in syslog: "sent" means handed to the network without an error. */
export const syslogSink: SinkType<typeof options> = {
  type: 'syslog',
  options,
  secrets: ['url', 'ca', 'cert', 'key'],
  takesEvents: () => true,
  create: (name, settings, deps) => {
    const target = targetOf(name, settings);
    const { format, timeout } = settings;
    const maxBytes = settings.max_size ?? (target.protocol === 'udp' ? DATAGRAM_BYTES : undefined);
    const origin = {
      facility: settings.facility,
      hostname: settings.hostname ?? hostname(),
      appName: settings.app_name,
      procId: String(process.pid),
      enterpriseId: settings.enterprise_id,
      bom: settings.bom,
    };
    const transport = createTransport(target);
    const inTurn = createTurns();
    const reason = createReason([settings.key ?? '']);
    const host = `${target.host}:${target.port}`;
    let closed = false;

    const hand = (messages: readonly Buffer[], signal: AbortSignal): Promise<Verdict> => {
      const startedAtMs = deps.now();
      const bytes = messages.reduce((sum, message) => sum + message.length, 0);
      return withDeadline(signal, timeout, (within) =>
        inTurn(async () => {
          within.throwIfAborted();
          if (closed) throw new Error('the sink was closed');
          await transport.send(messages, within);
        }),
      ).then(
        (): Verdict => ({
          outcome: 'sent',
          receipt: reason(
            `${bytes} bytes handed to ${target.protocol} for ${host} in ${formatDuration(deps.now() - startedAtMs)}`,
          ),
          bytes,
        }),
        (error: unknown) => failureVerdict(error, { host, startedAtMs, nowMs: deps.now(), reason }),
      );
    };

    return {
      name,
      type: 'syslog',
      concurrency: 1,
      async send(delivery, signal) {
        let message: Buffer;
        try {
          const text = alertLine(format, delivery, deps.version);
          message = syslogBytes(origin, alertMessage(delivery, text), maxBytes);
        } catch (error) {
          return unsendable(error, reason);
        }
        return hand([message], signal);
      },
      sendEvents: (batch, signal) =>
        hand(
          batch.map((event) => {
            const text = eventLine(format, event, deps.version);
            return syslogBytes(origin, eventMessage(event, text), maxBytes);
          }),
          signal,
        ),
      async close() {
        closed = true;
        await transport.close();
      },
    };
  },
};

const alertMessage = ({ id, alert }: Delivery, text: string): SyslogMessage => ({
  severity: SEVERITIES[alert.rule.level],
  timeMs: alert.createdAtMs,
  msgId: 'ALERT',
  params: {
    kind: alert.kind,
    status: alert.status,
    level: alert.rule.level,
    rule: alert.rule.title,
    rule_id: alert.rule.id,
    account: alert.account,
    alert_id: alert.id,
    delivery_id: id,
  },
  text,
});

const eventMessage = (event: FedEvent, text: string): SyslogMessage => ({
  severity: SEVERITIES.informational,
  timeMs: event.createdAtMs,
  msgId: event.eventType,
  params: { kind: 'event', event_type: event.eventType, event_id: event.id, account: event.account },
  text,
});

const targetOf = (name: string, settings: Options): SyslogTarget => {
  const { ca, cert, key, framing } = settings;
  const url = new URL(settings.url);
  const protocol = url.protocol.slice(0, -1) as SyslogTarget['protocol'];
  const host = decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, '$1');
  const refuse = (text: string): never => {
    throw new UsageError(`sink "${name}": ${text}`);
  };
  if (protocol !== 'tcp' && framing === 'lf') refuse('framing: lf is only for tcp://');
  if (protocol !== 'tls' && (ca ?? cert ?? key ?? settings.server_name) !== undefined)
    refuse('ca, cert, key and server_name are only for tls://');
  if ((cert === undefined) !== (key === undefined)) refuse('cert and key are only of use together');
  try {
    createSecureContext({ ca, cert, key });
  } catch (error) {
    refuse(`ca, cert or key is no usable PEM text: ${errorText(error)}`);
  }
  return {
    protocol,
    host,
    port: url.port === '' ? PORTS[protocol] : Number(url.port),
    framing,
    ca,
    cert,
    key,
    serverName: settings.server_name ?? host,
  };
};
