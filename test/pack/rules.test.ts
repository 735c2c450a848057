import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { TEMPLATE_NAMES } from '../../src/alerts/alert-from-match.ts';
import { templateProblems } from '../../src/alerts/template.ts';
import { type CompiledRules, compileRules, type RuleSummary } from '../../src/rules/compile.ts';
import { createMemoryState, runRuleTests } from '../../src/rules/run-tests.ts';
import { eventOf as sampleEvent } from '../support/rules.ts';
import { CONFIG, loadPack } from './pack.ts';

const FOLDER = `${CONFIG}rules/`;
const FILES = readdirSync(FOLDER).filter((name) => name !== 'README.md');

/** What stands in the files, beside what the engine makes of it. */
interface Written {
  readonly file: string;
  readonly keys: Readonly<Record<string, unknown>>;
}

const WRITTEN: readonly Written[] = FILES.flatMap((file) =>
  parseAllDocuments(readFileSync(FOLDER + file, 'utf8')).map((document) => ({
    file,
    keys: document.toJS() as Record<string, unknown>,
  })),
);
const titled = WRITTEN.map((written) => [String(written.keys.title), written] as const);

const EVENT_FIELDS = ['user_email', 'source', 'source_ip', 'source_country', 'event_type', 'context.*'];

/** Names that a message may use: those of every alert, of events, and what a rule adds itself. */
const namesOf = ({ keys }: Written): readonly string[] => {
  const correlation = (keys.correlation ?? {}) as { readonly 'group-by'?: readonly string[] };
  const monitor = (keys.monitor ?? {}) as {
    readonly changed?: unknown;
    readonly first_seen?: unknown;
    readonly scope?: string;
  };
  return [
    ...TEMPLATE_NAMES.filter((name) => name !== 'previous' || monitor.changed !== undefined),
    ...((monitor.changed ?? monitor.first_seen) ? ['value'] : []),
    ...(correlation['group-by'] ?? []),
    ...(monitor.scope === 'fleet' ? ['accounts'] : []),
    ...EVENT_FIELDS,
  ];
};

const STATUSES = ['stable', 'test', 'experimental'];
const LEVELS = ['informational', 'low', 'medium', 'high', 'critical'];
// Tactics of ATT&CK version 19 that rules of this kind can be about.
const TACTICS =
  /^attack\.(initial-access|persistence|privilege-escalation|stealth|defense-impairment|credential-access|collection|command-and-control|impact)$/;
const TECHNIQUE = /^attack\.t\d{4}(\.\d{3})?$/;
const REFERENCE = /^https:\/\/(developer\.vonage\.com\/en\/|attack\.mitre\.org\/techniques\/T\d{4}\/)/;

describe('the shipped rules', () => {
  let rules: CompiledRules;
  let warnings: readonly string[];
  beforeAll(async () => {
    ({ rules, warnings } = await loadPack());
  });
  const alerting = (): readonly RuleSummary[] => rules.rules.filter((rule) => rule.alerting);

  it('load with the shipped configuration without a warning, at least forty of them', () => {
    expect(warnings).toEqual([]);
    expect(rules.skipped).toEqual([]);
    expect(alerting().length).toBeGreaterThanOrEqual(40);
  });

  it('load with a configuration that has nothing but an empty list of automation users', () => {
    const files = FILES.map((path) => ({ path, text: readFileSync(FOLDER + path, 'utf8') }));
    const { problems } = compileRules(files, { lists: { automation_users: [] } });
    expect(problems.map(({ file, message }) => `${file}: ${message}`)).toEqual([]);
  });

  it.each(FILES)('%s loads without the others', (path) => {
    const text = readFileSync(FOLDER + path, 'utf8');
    const { problems, warnings: found } = compileRules([{ path, text }], {
      lists: { automation_users: [] },
    });
    expect([...problems, ...found].map(({ line, message }) => `${line}: ${message}`)).toEqual([]);
    expect(path).toMatch(/^vonage_audit_[a-z0-9_]{1,54}\.yml$/);
  });

  it.each(titled)('%s: has what a reader needs', (_, { keys }) => {
    expect(keys).toMatchObject({
      title: expect.stringMatching(/^[A-Z].{9,90}[^.]$/),
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      name: expect.stringMatching(/^vonage_audit_[a-z0-9_]+$/),
      status: expect.toSatisfy((status) => STATUSES.includes(String(status))),
      description: expect.stringMatching(/^Detects [^]*\.\s*$/),
      author: 'vonage-audit-monitor',
      date: expect.stringMatching(/^\d{4}-\d{2}-\d{2}$/),
      level: expect.toSatisfy((level) => LEVELS.includes(String(level))),
    });
    const texts = (key: string): readonly string[] => (keys[key] ?? []) as readonly string[];
    expect(texts('references').filter((url) => !REFERENCE.test(url))).toEqual([]);
    for (const key of ['references', 'tags', 'fields', 'falsepositives']) expect(texts(key)).not.toEqual([]);
    expect(texts('tags').filter((tag) => !TACTICS.test(tag) && !TECHNIQUE.test(tag))).toEqual([]);
    expect(texts('tags').some((tag) => TACTICS.test(tag))).toBe(true);
    expect(keys.logsource).toEqual(keys.detection && { product: 'vonage', service: 'audit' });
  });

  it.each(titled)('%s: its message names only what there is', (_, written) => {
    const { message = '' } = (written.keys.monitor ?? {}) as { readonly message?: string };
    expect(templateProblems(message, namesOf(written))).toEqual([]);
  });

  it('have ids, names and titles of their own', () => {
    for (const key of ['id', 'name', 'title']) {
      const values = WRITTEN.map(({ keys }) => keys[key]);
      expect(new Set(values).size).toBe(values.length);
    }
  });

  it('show a hit and a near miss each', () => {
    const lacking = alerting().filter(
      ({ tests }) => !tests.some(({ expect: n }) => n > 0) || !tests.some(({ expect: n }) => n === 0),
    );
    expect(lacking.map(({ info }) => info.title)).toEqual([]);
  });

  it('pass their own tests', () => {
    const failed = runRuleTests(rules).filter(({ passed }) => !passed);
    expect(failed.map(({ rule, test, reason }) => `${rule.title}: ${test.name}: ${reason}`)).toEqual([]);
  });

  it('that only feed correlations say so, and no others are informational', () => {
    const feeding = rules.rules.filter((rule) => !rule.alerting).map(({ info }) => info);
    expect(feeding.filter(({ level }) => level !== 'informational')).toEqual([]);
    expect(alerting().filter(({ info }) => info.level === 'informational')).toEqual([]);
  });

  it('look at every sensitive type that the vendor names', () => {
    const seen = new Set(alerting().flatMap(({ eventTypes }) => eventTypes ?? []));
    const known = [
      'user_status user_update user_billing_update user_create user_login user_api_keys_update',
      'account_secret_create account_secret_delete account_update_spammer account_update_settings',
      'account_update_settings_api number_updated number_release number_user_canceled app_create app_update',
      'app_delete app_disable app_enable ip_whitelist_create ip_whitelist_delete autoreload_enable',
      'autoreload_update autoreload_disable',
    ].flatMap((line) => line.split(' '));
    expect(known.filter((type) => !seen.has(type))).toEqual([]);
  });

  it('can be tuned by the filters that the README shows', () => {
    const page = readFileSync(`${FOLDER}README.md`, 'utf8');
    const shown = [...page.matchAll(/```yaml\n([^]*?)```/g)].map(([, each = '']) => each);
    expect(shown.length).toBe(2);
    const text = shown.join('---\n');
    const files = FILES.map((path) => ({ path, text: readFileSync(FOLDER + path, 'utf8') }));
    const lists = { automation_users: [] };
    const tuned = compileRules([...files, { path: 'own.yml', text }], { lists });
    expect([...tuned.problems, ...tuned.warnings]).toEqual([]);
    const toSip = (target: string): number => {
      const event = sampleEvent({
        event_type: 'NUMBER_UPDATED',
        context: { msisdn: '447700900000', 'voice-type': 'sip', 'voice-value': target },
      });
      const { matches } = tuned.engine.evaluate(event, createMemoryState());
      return matches.filter(({ rule }) => rule.file === 'vonage_audit_number_forwarded_to_sip.yml').length;
    };
    expect(toSip('sip:desk1@pbx.example.com')).toBe(0);
    expect(toSip('sip:desk1@pbx.example.net')).toBe(1);
  });
});
