import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { EXAMPLE, withGenerated, withPayload } from '../../scripts/docs-sinks.ts';
import { sinkKinds } from '../../src/app/sink-kinds.ts';
import { createSinks } from '../../src/app/sinks.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { SINK_TYPES } from '../../src/sinks/registry.ts';
import { webhookSink } from '../../src/sinks/webhook.ts';
import { ACCOUNT, folder } from '../config/files.ts';
import { createReceiver } from '../support/receiver.ts';
import { sampleDeps } from './sample.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);
const read = (name: string): string => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');
const page = read('sinks.md');
const webhooks = read('webhooks.md');
const block = (language: string): string =>
  new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(webhooks)?.[1] ?? '';

describe('docs/sinks.md', () => {
  it('has current tables of options (node scripts/docs-sinks.ts)', () => {
    expect(withGenerated(page)).toBe(page);
  });

  it('has a section for every sink', () => {
    const sections = [...page.matchAll(/^## (\w+)$/gm)].map(([, name]) => name);
    expect(sections).toEqual(SINK_TYPES.map(({ type }) => type));
  });

  it('has examples of sinks and routes that load without a problem', async () => {
    const examples = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text = '']) => text);
    expect(examples.length).toBeGreaterThanOrEqual(2);
    for (const example of examples) {
      // Secrets are where the example says they are, only not on this machine.
      const here = example
        .replaceAll('/run/secrets/smtp_url', 'smtp_url')
        .replaceAll('/run/secrets/slack_bot_token', 'slack');
      const sinks = /^routes:/m.test(here)
        ? here
        : `${here}  console: { type: log }\nroutes: [{ to: [console] }]\n`;
      const root = folder({
        'monitor.yml': `${ACCOUNT}${sinks}`,
        smtp_url: 'smtp://mail.example.com',
        slack: 'xoxb-1-a',
        'rules/one.yml': 'title: One\n',
      });
      const { problems, settings } = await loadConfiguration({
        path: join(root, 'monitor.yml'),
        env: {},
        ...sinkKinds(ROOT),
        now: Date.now,
      });
      expect(problems).toEqual([]);
      for (const sink of createSinks(settings?.sinks ?? [], sampleDeps())) await sink.close();
    }
  });
});

describe('docs/webhooks.md', () => {
  const closers: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  it('has a current payload (node scripts/docs-sinks.ts)', () => {
    expect(withPayload(webhooks)).toBe(webhooks);
  });

  it('explains every member of the payload, and no other', () => {
    const rows = [...webhooks.matchAll(/^\| ((?:`\w+`(?:, )?)+) \|/gm)].flatMap(([, names = '']) =>
      [...names.matchAll(/`(\w+)`/g)].map(([, name]) => name),
    );
    const members = Object.keys(JSON.parse(block('json')) as object);
    expect(new Set([...rows, 'events_omitted'])).toEqual(new Set(members));
  });

  it('shows the payload that a receiver gets, and a receiver that takes it', async () => {
    const receiver = await createReceiver();
    closers.push(() => receiver.close());
    const secret = `whsec_${Buffer.from('twenty-four bytes of key').toString('base64')}`;
    const sink = webhookSink.create(
      'webhook',
      webhookSink.options.parse({ url: receiver.url, secret }),
      sampleDeps(),
    );
    closers.push(() => sink.close());
    await sink.send(EXAMPLE, new AbortController().signal);
    const [request] = receiver.requests;
    expect(JSON.parse(block('json'))).toEqual(JSON.parse(request?.body ?? ''));

    // The example as it stands in the page, in a Node of its own.
    const asked = [request?.headers, request?.body, secret].map((part) => JSON.stringify(part));
    const script = `${block('js')}
      const [headers, body, secret] = [${asked.join(', ')}];
      console.log(receive(headers, body, secret));
      console.log(receive(headers, body, secret));
      try { receive(headers, body + ' ', secret); } catch (error) { console.log(error.message); }`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], { cwd: ROOT });
    expect(stdout.trim().split('\n')).toEqual([
      `high: ${EXAMPLE.alert.message}`,
      'repeated',
      'No matching signature found',
    ]);
  });
});
