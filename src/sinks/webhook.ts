import { z } from 'zod';
import type { Verdict } from '../core/delivery.ts';
import { portableJson, publicAlert } from './alert-json.ts';
import { CLOUD_EVENT_TYPE, cloudEvent } from './cloud-event.ts';
import { alertLine } from './format.ts';
import { createHttpPoster } from './http.ts';
import { httpOptions, refuseImpossible, secretsOfHeaders } from './http-options.ts';
import { urlOption } from './option-schemas.ts';
import type { SinkType } from './sink-type.ts';
import { createReason, failureVerdict, httpVerdict, unsendable } from './verdict.ts';
import { batchId, eventBody } from './webhook-events.ts';
import { isUsableSecret, signingKeys, splitSecrets, webhookHeaders } from './webhook-signature.ts';

const secret = z.string().refine((text) => splitSecrets(text).every(isUsableSecret), {
  error: 'allowed: whsec_ and Base64, or a text without white space; several separated by white space',
});

const options = z.strictObject({
  url: urlOption(
    ['https:', 'http:'],
    'Where alerts are POSTed. A secret (a path or query often holds a token). Empty: the sink is off.',
  ),
  secret: z
    .union([secret, z.array(secret)])
    .default('')
    .describe(
      'Signs every request after Standard Webhooks: `whsec_` and Base64, or plain text without white space. Several, as a list or separated by white space, while secrets are being changed. Empty: not signed.',
    ),
  format: z
    .enum(['json', 'cloudevents', 'ecs', 'ocsf'])
    .default('json')
    .describe(
      'Body: our JSON, the same inside a CloudEvents 1.0 envelope (structured mode), Elastic Common Schema, or Open Cybersecurity Schema Framework.',
    ),
  batch: z
    .enum(['array', 'ndjson'])
    .default('array')
    .describe(
      'Body of a batch of events, where the sink is fed with them: a JSON array, or one line of JSON for each.',
    ),
  ...httpOptions({ timeout: '10s', concurrency: 8, reserved: /^webhook-/i }),
});

/** JSON by HTTP POST, signed, with the delivery id as identity. The body is the same bytes on every attempt. */
export const webhookSink: SinkType<typeof options> = {
  type: 'webhook',
  options,
  secrets: ['url', 'secret', 'ca', 'cert', 'key'],
  takesEvents: () => true,
  create: (name, settings, deps) => {
    const target = new URL(settings.url);
    refuseImpossible(name, target, settings);
    const { timeout: timeoutMs, concurrency, ca, cert, key } = settings;
    const http = createHttpPoster(
      target,
      { timeoutMs, connections: concurrency, tls: { ca, cert, key } },
      deps,
    );
    const keys = signingKeys(settings.secret);
    const reason = createReason([
      ...http.secrets,
      ...splitSecrets(settings.secret),
      ...secretsOfHeaders(settings.headers),
    ]);
    const contentType =
      settings.format === 'cloudevents' ? CLOUD_EVENT_TYPE : 'application/json; charset=utf-8';
    const post = async (
      id: string,
      startedAtMs: number,
      type: string,
      text: string,
      signal: AbortSignal,
    ): Promise<Verdict> => {
      // Signed and sent are the same bytes, made once.
      const body = Buffer.from(text);
      const attempt = () => ({ host: http.host, startedAtMs, nowMs: deps.now(), reason });
      const headers = {
        ...settings.headers,
        'content-type': type,
        ...webhookHeaders(id, startedAtMs, body, keys),
      };
      try {
        const answer = await http.post(body, headers, signal);
        return httpVerdict(answer, { ...attempt(), bytes: body.length });
      } catch (error) {
        return failureVerdict(error, attempt());
      }
    };
    return {
      name,
      type: 'webhook',
      concurrency,
      send: async (delivery, signal) => {
        const startedAtMs = deps.now();
        const actions = deps.actionsFor?.(delivery);
        let body: string;
        try {
          body =
            settings.format === 'cloudevents'
              ? portableJson(cloudEvent(publicAlert(delivery, actions)))
              : alertLine(settings.format, delivery, deps.version, actions);
        } catch (error) {
          return unsendable(error, reason);
        }
        return post(delivery.id, startedAtMs, contentType, body, signal);
      },
      sendEvents: (batch, signal) => {
        const { type, body } = eventBody(batch, settings, deps.version);
        return post(batchId(batch), deps.now(), type, body, signal);
      },
      close: () => http.close(),
    };
  },
};
