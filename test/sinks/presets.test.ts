import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { shippedPresets } from '../../scripts/presets.ts';
import { stableId } from '../../src/base/hash.ts';
import type { Alert } from '../../src/core/alert.ts';
import type { Sink } from '../../src/core/delivery.ts';
import type { Preset } from '../../src/sinks/preset.ts';
import { ESCAPES } from '../../src/sinks/preset-escapes.ts';
import type { SinkDeps } from '../../src/sinks/sink-type.ts';
import { createReceiver, type Receiver } from '../support/receiver.ts';
import { anyAlert } from './any-alert.ts';
import { sinkContract, textOf } from './contract.ts';
import { type HttpRig, httpCases } from './http-cases.ts';
import { hostileAlert, hugeAlert, sampleAlert, sampleDelivery, sampleDeps } from './sample.ts';
import { lines, type Markup, VENDORS, type Vendor, type VendorRequest } from './vendors.ts';

const PRESETS = shippedPresets();
const never = new AbortController().signal;

const vendorOf = (name: string): Vendor => {
  const vendor = VENDORS[name];
  if (vendor === undefined) throw new Error(`test/sinks/vendors.ts lacks ${name}`);
  return vendor;
};

/** A receiver that takes what the vendor would take, and refuses everything else. */
const playVendor = async (vendor: Vendor): Promise<Receiver> => {
  const receiver = await createReceiver();
  receiver.answer((request) => {
    const faults = vendor.faults(request);
    return faults.length === 0 ? vendor.taken : { status: 400, body: JSON.stringify(faults) };
  });
  return receiver;
};

const createSink = (
  { type }: Preset,
  vendor: Vendor,
  url: string,
  more: { readonly settings?: object; readonly deps?: Partial<SinkDeps> } = {},
): Sink =>
  type.create(
    'sink',
    type.options.parse({ ...vendor.options(url), ...more.settings }),
    sampleDeps(more.deps),
  );

/** What must not be left in a text of each kind: names that would be pinged, addresses, marks that would be read. */
const HAZARDS: Readonly<Record<Markup['kind'], RegExp>> = {
  plain: /(?<![\p{L}\p{N}])@(here|U012AB3CD)|https?:\/\/evil/u,
  html: /(?<![\p{L}\p{N}])@(here|U012AB3CD)|https?:\/\/evil|<(?!a href="https:\/\/monitor)(?!\/a>)|&(?!\w+;)/u,
  markdown: /(?<![\p{L}\p{N}])@(here|U012AB3CD)|https?:\/\/evil|<[!@#]|<script|\*bold\*|~no~|`code`|:boom:/u,
};

const inspect = (vendor: Vendor, request: VendorRequest | undefined): void => {
  if (request === undefined) throw new Error('nothing arrived');
  expect(vendor.faults(request)).toEqual([]);
  expect(request.body.isWellFormed()).toBe(true);
  expect(request.body).not.toMatch(/\\ud[89ab][0-9a-f]{2}(?!\\ud[c-f])/);
  expect(vendor.markup(request).filter(({ kind, text }) => HAZARDS[kind].test(text))).toEqual([]);
};

const NOTHING: VendorRequest = { method: '', path: '', headers: {}, body: '' };

const presetOf = (name: string): Preset => {
  const preset = PRESETS.find(({ type }) => type.type === name);
  if (preset === undefined) throw new Error(`no preset ${name}`);
  return preset;
};

describe('shipped presets', () => {
  it('are the twelve', () => {
    expect(PRESETS.map(({ type }) => type.type)).toEqual(Object.keys(VENDORS).sort());
    expect(PRESETS).toHaveLength(12);
  });

  it.each(PRESETS.map((preset) => [preset.type.type, preset] as const))(
    '%s describes itself, its options and its documentation',
    (_name, { type, file }) => {
      const schema = z.toJSONSchema(type.options, { io: 'input' });
      expect(schema.additionalProperties).toBe(false);
      for (const [name, option] of Object.entries(schema.properties ?? {}))
        expect(`${name}: ${typeof option === 'boolean' ? '' : option.description}`).toMatch(/\.$/);
      expect(file.description).toMatch(/\.$/);
      expect(file.documentation).toMatch(/^https:/);
      expect(file.title).not.toBe('');
      expect(type.switches).toHaveLength(1);
      expect(type.takesEvents?.({})).toBe(file.events !== undefined);
      expect(() => type.options.extend({ type: z.string() })).not.toThrow();
    },
  );
});

for (const preset of PRESETS) {
  const name = preset.type.type;
  const vendor = vendorOf(name);
  const wantsAnswer = name === 'elasticsearch';
  const subject = {
    type: name,
    secrets: vendor.secrets,
    status: vendor.taken.status,
    // The bulk API says in its answer whether it took anything: half an answer is none.
    cases: wantsAnswer ? httpCases.filter(({ name }) => !name.startsWith('success ')) : httpCases,
    silence: (rig: unknown) => (rig as HttpRig).receiver.next('hang'),
    open: async (timeout: string): Promise<HttpRig> => {
      const receiver = await playVendor(vendor);
      return {
        receiver,
        sink: createSink(preset, vendor, receiver.url, { settings: { timeout } }),
        arrivals: () =>
          receiver.requests.map((request) => ({
            identity: vendor.identity(request),
            content: `${request.method} ${request.path} ${request.body}`,
            bytes: Buffer.byteLength(request.body),
          })),
        inspect: () => inspect(vendor, receiver.requests[0]),
        reached: () => receiver.received(1),
        disconnected: () => receiver.disconnected(),
        close: () => receiver.close(),
      };
    },
  };
  sinkContract(subject);
}

describe.each(PRESETS.map((preset) => [preset.type.type, preset] as const))('preset %s', (name, preset) => {
  const vendor = vendorOf(name);
  const open = async (deps?: Partial<SinkDeps>): Promise<{ sink: Sink; receiver: Receiver }> => {
    const receiver = await playVendor(vendor);
    const sink = createSink(preset, vendor, receiver.url, deps && { deps });
    onTestFinished(async () => {
      await sink.close();
      await receiver.close();
    });
    return { sink, receiver };
  };
  const summary: Alert = sampleAlert({
    kind: 'summary',
    events: [],
    eventIds: [],
    summary: {
      reason: 'backlog',
      total: 40,
      levels: { high: 40 },
      members: Array.from({ length: 30 }, (_, n) => ({
        alertId: `a${n}`,
        kind: 'rule' as const,
        status: 'firing' as const,
        level: 'high' as const,
        title: `Title ${n}`,
        account: 'default',
        message: `Message ${n}`,
        createdAtMs: 0,
      })),
    },
  });

  /* As long as a signed link gets, and longer. */
  const longActions = () =>
    [100, 500, 1_500].map((length) => ({
      label: 'Silence for 1 h',
      url: `https://monitor.example.com/a?s=${'x'.repeat(length)}`,
    }));

  it.each<[string, () => Alert]>([
    ['more than any receiver takes', hugeAlert],
    ['every level', () => sampleAlert({ rule: { ...sampleAlert().rule, level: 'informational' } })],
    ['an end', () => sampleAlert({ kind: 'system', status: 'resolved', resolves: 'f'.repeat(32) })],
    ['a digest', () => summary],
    ['a hostile end', () => ({ ...hostileAlert(), status: 'resolved' })],
    ['a huge end', () => ({ ...hugeAlert(), status: 'resolved' })],
  ])('sends what the receiver takes for %s', async (_name, alert) => {
    const { sink, receiver } = await open({ actionsFor: longActions });
    expect(textOf(await sink.send(sampleDelivery(alert()), never))).toMatch(/^HTTP 20\d from/);
    inspect(vendor, receiver.requests[0]);
  });

  it('lists the alerts of a digest', async () => {
    const { sink, receiver } = await open();
    await sink.send(sampleDelivery(summary), never);
    expect(receiver.requests[0]?.body).toContain('Title 0');
    expect(receiver.requests[0]?.body).toContain('Message 7');
  });

  it('sends what the receiver takes, whatever the alert', async () => {
    const { sink, receiver } = await open({ actionsFor: longActions });
    await fc.assert(
      fc.asyncProperty(anyAlert, async (alert) => {
        // Identities are always our own.
        const whole = { ...alert, id: stableId('alert', alert.id) };
        const verdict = await sink.send(sampleDelivery(whole), never);
        expect(textOf(verdict)).toMatch(/^HTTP 20\d from/);
        inspect(vendor, receiver.requests.at(-1));
      }),
      { numRuns: 40 },
    );
  });

  it('sends actions where there are any', async () => {
    const { sink, receiver } = await open({
      actionsFor: ({ id }) => [
        { label: 'Silence for 1 h', url: `https://monitor.example.com/a/${id}?s=1` },
        { label: 'Expected change', url: `https://monitor.example.com/a/${id}?e=1` },
      ],
    });
    expect(await sink.send(sampleDelivery(), never)).toMatchObject({ outcome: 'sent' });
    inspect(vendor, receiver.requests[0]);
    const isForMachines = ['splunk', 'elasticsearch', 'loki'].includes(name);
    expect(receiver.requests[0]?.body.includes('https://monitor.example.com/a/')).toBe(!isForMachines);
  });

  it('waits when the receiver is busy, and gives up when it refuses', async () => {
    const { sink, receiver } = await open();
    receiver.next(vendor.busy, vendor.refused);
    const busy = await sink.send(sampleDelivery(), never);
    expect(busy.outcome).toBe('retry');
    expect(busy.outcome === 'retry' ? busy.afterMs : undefined).toBe(vendor.busy.afterMs);
    expect(busy).toMatchObject({
      status: vendor.busy.status,
      bytes: Buffer.byteLength(receiver.requests[0]?.body ?? ''),
    });
    expect(await sink.send(sampleDelivery(), never)).toMatchObject({ outcome: 'rejected' });
  });

  it('takes a page of a portal on the way for no answer', async () => {
    const { sink, receiver } = await open();
    receiver.answer({ status: 200, body: '\n<!doctype html><title>Log in</title>' });
    expect(await sink.send(sampleDelivery(), never)).toMatchObject({ outcome: 'retry' });
  });
});

describe('what the end of something does', () => {
  const sent = async (name: string, alert: Alert): Promise<VendorRequest> => {
    const vendor = vendorOf(name);
    const receiver = await playVendor(vendor);
    const sink = createSink(presetOf(name), vendor, receiver.url);
    await sink.send(sampleDelivery(alert), never);
    await sink.close();
    await receiver.close();
    const [request] = receiver.requests;
    if (request === undefined) throw new Error('nothing arrived');
    return request;
  };
  const begin = sampleAlert({ kind: 'system' });
  const end = sampleAlert({ id: 'e'.repeat(32), kind: 'system', status: 'resolved', resolves: begin.id });

  it('resolves the incident in PagerDuty that the beginning opened', async () => {
    const [first, second] = [
      JSON.parse((await sent('pagerduty', begin)).body),
      JSON.parse((await sent('pagerduty', end)).body),
    ];
    expect(first).toMatchObject({ event_action: 'trigger', dedup_key: begin.id });
    expect(second).toMatchObject({ event_action: 'resolve', dedup_key: begin.id });
  });

  it('closes the alert in Opsgenie that the beginning opened', async () => {
    expect(JSON.parse((await sent('opsgenie', begin)).body)).toMatchObject({ alias: begin.id });
    expect((await sent('opsgenie', end)).path).toBe(`/v2/alerts/${begin.id}/close?identifierType=alias`);
  });

  it('is of the same aggregate in Datadog, and a success', async () => {
    expect(JSON.parse((await sent('datadog', end)).body)).toMatchObject({
      aggregation_key: begin.id,
      alert_type: 'success',
    });
  });
});

describe('answers that say more than their status', () => {
  const answered = async (name: string, body: object): Promise<string> => {
    const vendor = vendorOf(name);
    const receiver = await createReceiver();
    receiver.answer({ body: JSON.stringify(body) });
    const sink = createSink(presetOf(name), vendor, receiver.url);
    const { outcome } = await sink.send(sampleDelivery(), never);
    await sink.close();
    await receiver.close();
    return outcome;
  };
  const item = (status: number) => ({ create: { status } });

  it.each<[string, object, string]>([
    ['elasticsearch', { errors: true, items: [item(409)] }, 'sent'],
    ['elasticsearch', { errors: true, items: [item(503)] }, 'retry'],
    ['elasticsearch', { errors: true, items: [item(400)] }, 'rejected'],
    ['elasticsearch', {}, 'retry'],
    ['telegram', { ok: false, description: 'Bad Request' }, 'rejected'],
    ['splunk', { text: 'Server is busy', code: 9 }, 'retry'],
    ['splunk', { text: 'Success', code: 0 }, 'sent'],
  ])('%s: %j is %s', async (name, body, outcome) => {
    expect(await answered(name, body)).toBe(outcome);
  });
});

describe('audit events in batches', () => {
  const batch = Array.from({ length: 3 }, (_, n) => ({
    account: 'default',
    id: `event-${n}`,
    eventType: 'ACCOUNT_SECRET_CREATE',
    createdAtMs: Date.UTC(2026, 2, 1, 2, 14, n),
    seenAtMs: Date.UTC(2026, 2, 1, 2, 15),
    json: `{"id":"event-${n}","user_email":"alice@example.com","big":12345678901234567890,"text":"\u202e@here"}`,
  }));

  it.each(['splunk', 'elasticsearch', 'loki'])('%s takes them', async (name) => {
    const vendor = vendorOf(name);
    const receiver = await playVendor(vendor);
    const sink = createSink(presetOf(name), vendor, receiver.url);
    expect(sink.eventBatch).toBeGreaterThan(1);
    const verdict = await sink.sendEvents?.(batch, never);
    expect(verdict).toMatchObject({ outcome: 'sent' });
    const [request] = receiver.requests;
    if (request === undefined) throw new Error('nothing arrived');
    expect(vendor.faults(request)).toEqual([]);
    expect(batch.filter(({ id }) => !request.body.includes(id))).toEqual([]);
    receiver.answer(vendor.busy);
    expect(await sink.sendEvents?.(batch, never)).toMatchObject({ outcome: 'retry' });
    await sink.close();
    await receiver.close();
  });

  const fed = async (name: string): Promise<VendorRequest | undefined> => {
    const vendor = vendorOf(name);
    const receiver = await playVendor(vendor);
    const sink = createSink(presetOf(name), vendor, receiver.url);
    await sink.sendEvents?.(batch, never);
    await sink.close();
    await receiver.close();
    return receiver.requests[0];
  };

  it('Elasticsearch has an action and a document for each, with an identity', async () => {
    const sent = lines((await fed('elasticsearch')) ?? NOTHING);
    expect(sent).toHaveLength(6);
    expect(sent[2]).toEqual({ create: { _index: 'vonage-audit-events', _id: 'event-1' } });
    expect(sent[3]).toMatchObject({
      event: { original: batch[1]?.json },
      user: { email: 'alice@example.com' },
    });
  });

  it('Loki has them byte for byte', async () => {
    const { streams } = JSON.parse((await fed('loki'))?.body ?? '');
    expect(streams[0].values.map(([, line]: string[]) => line)).toEqual(batch.map(({ json }) => json));
  });

  it('the other presets take none', () => {
    const feeding = PRESETS.filter(({ file }) => file.events !== undefined).map(({ type }) => type.type);
    expect(feeding).toEqual(['elasticsearch', 'loki', 'splunk']);
  });
});

describe('escapes', () => {
  it('are described by what they do', () => {
    const shown = Object.fromEntries(
      Object.entries(ESCAPES).map(([name, { clean, escape }]) => [
        name,
        Array.from(clean('<a href="x">@here *b* `c` #tag /go http://e.example'))
          .map(escape)
          .join('')
          // Seen, where it stands in a text it is not.
          .replaceAll('\u2060', '·'),
      ]),
    );
    expect(shown).toMatchInlineSnapshot(`
      {
        "code": "<a href="x">@here *b* ˋcˋ #tag /go http://e.example",
        "html": "&lt;a href=&quot;x&quot;&gt;@here *b* \`c\` #tag /go http://e.example",
        "html_unlinked": "&lt;a href=&quot;x&quot;&gt;@·here *b* \`c\` #·tag /·go http:·//e.example",
        "markdown": "\\<a href="x"\\>@·here \\*b\\* \\\`c\\\` \\#tag /go http\\://e.example",
        "none": "<a href="x">@here *b* \`c\` #tag /go http://e.example",
        "raw": "<a href="x">@here *b* \`c\` #tag /go http://e.example",
        "unlinked": "<a href="x">@·here *b* \`c\` #·tag /·go http:·//e.example",
        "url": "<a href="x">@here *b* \`c\` #tag /go http://e.example",
        "url_html": "&lt;a href=&quot;x&quot;&gt;@here *b* \`c\` #tag /go http://e.example",
      }
    `);
  });
});
