import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sinkKinds } from '../../src/app/sink-kinds.ts';
import { createSinks } from '../../src/app/sinks.ts';
import { errorText, UsageError } from '../../src/base/errors.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { compile } from '../../src/rules/library.ts';
import { hostileAlert, sampleAlert, sampleDelivery, sampleDeps } from '../sinks/sample.ts';
import { createReceiver } from '../support/receiver.ts';
import { type Chance, mutate, noise } from './mutate.ts';
import { type FuzzTarget, must, mustBePlaced, withInput } from './target.ts';

/* Files that people write: configurations, rules, presets. */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const read = (...path: string[]): string => readFileSync(join(ROOT, ...path), 'utf8');
const filesIn = (...path: string[]): readonly string[] =>
  readdirSync(join(ROOT, ...path))
    .filter((name) => name.endsWith('.yml'))
    .map((name) => read(...path, name));
const examplesOf = (page: string): readonly string[] =>
  [...read('docs', page).matchAll(/^```ya?ml\n([\s\S]*?)^```/gm)].map(([, text = '']) => text);

const folder = () => {
  const path = mkdtempSync(join(tmpdir(), 'fuzz-'));
  return { path, remove: async () => rmSync(path, { recursive: true, force: true }) };
};

const ENV = {
  VONAGE_API_KEY: 'abcd1234',
  VONAGE_API_SECRET: 'canary-of-the-fuzzer',
  SLACK_WEBHOOK_URL: 'https://hooks.example/services/T0/B0/canary-of-the-fuzzer',
  WEBHOOK_URL: 'https://hooks.example/canary-of-the-fuzzer',
};

/** Mutated configurations: never a crash, always a place, never a secret of the environment. */
export const configurationTarget = async (): Promise<FuzzTarget> => {
  const { path, remove } = folder();
  const seeds = [read('config', 'monitor.yml'), ...examplesOf('configuration.md'), ...examplesOf('sinks.md')];
  const file = join(path, 'monitor.yml');
  mkdirSync(join(path, 'rules'));
  return {
    async once(chance) {
      const text = chance.random() < 0.1 ? noise(chance) : mutate(chance.pick(seeds), seeds, chance);
      // Bytes that are no UTF-8, now and then.
      writeFileSync(file, text, chance.random() < 0.05 ? 'latin1' : 'utf8');
      await withInput(text, async () => {
        const loaded = await loadConfiguration({ path: file, env: ENV, ...sinkKinds(ROOT), now: Date.now });
        const said = [...loaded.problems, ...loaded.warnings];
        mustBePlaced(said, { [file]: text }, text);
        must(
          (loaded.settings === undefined) === loaded.problems.length > 0,
          'settings and problems, or neither',
          text,
        );
        must(!JSON.stringify(said).includes('canary-of-the-fuzzer'), 'a secret in a problem', text);
        for (const sink of loaded.settings?.sinks ?? []) await makeAndClose(sink);
      });
    },
    close: remove,
  };
};

const makeAndClose = async (sink: Parameters<typeof createSinks>[0][number]): Promise<void> => {
  try {
    for (const made of createSinks([sink], sampleDeps())) await made.close();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
  }
};

const EVENTS: readonly JsonObject[] = [
  ...sampleAlert().events,
  JSON.parse(
    '{"id":"e2","event_type":"NUMBER_ASSIGN","created_at":"2026-01-02T03:04:05","__proto__":{"x":1},"context":{"a":[1,[2,{"b":null}]],"toString":"x"},"source_ip":"::ffff:1.2.3.4","user_id":99999999999999999999}',
  ) as JsonObject,
] as readonly JsonObject[];

/** Mutated rules: compiled, explained, tested and evaluated without a crash. */
export const ruleTarget = async (): Promise<FuzzTarget> => {
  const seeds = [...filesIn('config', 'rules'), ...examplesOf('rules.md')];
  return {
    async once(chance) {
      const text = chance.random() < 0.05 ? noise(chance) : mutate(chance.pick(seeds), seeds, chance);
      await withInput(text, () => {
        const rules = compile([{ path: 'rule.yml', text }], { product: 'vonage', missingLists: 'refuse' });
        mustBePlaced([...rules.problems, ...rules.warnings], { 'rule.yml': text }, text);
        for (const event of EVENTS) {
          rules.evaluate(event);
          for (const { info } of rules.rules) rules.explain(info.id, event);
        }
        rules.tick(Date.UTC(2030, 0, 1));
        rules.flush();
        rules.runTests();
      });
    },
    async close() {},
  };
};

/** Mutated presets: refused with a place, or a sink that always answers with a verdict. */
export const presetTarget = async (): Promise<FuzzTarget> => {
  const { path, remove } = folder();
  mkdirSync(join(path, 'presets'));
  const receiver = await createReceiver();
  const seeds = [...filesIn('config', 'presets'), ...examplesOf('presets.md')];
  const preset = join(path, 'presets', 'fuzzed.yml');
  const file = join(path, 'monitor.yml');
  const signal = AbortSignal.any([]);
  const options = (text: string): string =>
    [...text.matchAll(/^ {2}([a-z_]{1,30}):/gm)]
      .slice(0, 8)
      .map(
        ([, name = '']) =>
          `, ${name}: ${name === 'url' ? receiver.url : '"123456:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"'}`,
      )
      .join('');
  return {
    async once(chance: Chance) {
      const text = mutate(chance.pick(seeds), seeds, chance);
      writeFileSync(preset, text);
      writeFileSync(
        file,
        `accounts: [{ name: a, api_key: k, api_secret: s }]\nrules: []\nsinks: { it: { type: fuzzed${options(text)} } }\n`,
      );
      receiver.answer(
        chance.pick([
          { status: 200, body: noise(chance) },
          { status: 400, body: '{"error":' },
          { status: 429 },
        ]),
      );
      await withInput(text, async () => {
        const loaded = await loadConfiguration({ path: file, env: {}, ...sinkKinds(ROOT), now: Date.now });
        mustBePlaced([...loaded.problems, ...loaded.warnings], { [preset]: text }, text);
        for (const sink of loaded.settings?.sinks ?? []) {
          try {
            for (const made of createSinks([sink], sampleDeps())) {
              // Only where it cannot lead elsewhere than to our own receiver.
              const { url } = sink.options as { readonly url?: unknown };
              if (typeof url === 'string' && url.startsWith(receiver.url))
                for (const alert of [sampleAlert(), hostileAlert()]) {
                  const verdict = await made.send(sampleDelivery(alert), signal);
                  must(['sent', 'retry', 'rejected'].includes(verdict.outcome), 'no verdict', text);
                }
              await made.close();
            }
          } catch (error) {
            if (!(error instanceof UsageError)) throw error;
            must(errorText(error) !== '', 'an error without a text', text);
          }
        }
      });
    },
    async close() {
      await receiver.close();
      await remove();
    },
  };
};
