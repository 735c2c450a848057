import type { RuleFile } from '../config/rule-files.ts';
import type { Clock } from '../core/clock.ts';
import type { Store } from '../core/store.ts';
import { runRuleTests } from '../rules/run-tests.ts';
import type { RuleDetail, RuleRow } from '../server/alert-shapes.ts';
import type { Console } from '../server/api-console.ts';
import { createBreath } from './breath.ts';
import { explainLoaded } from './explain.ts';
import type { CompiledRules } from './load.ts';
import { ruleSubset } from './rule-subset.ts';

const DAY_MS = 86_400_000;
const DAYS = 30;
const LIST_MS = 5_000;

const iso = (ms: number): string => new Date(ms).toISOString();
const isoOrNull = (ms: number | undefined): string | null => (ms === undefined ? null : iso(ms));

type Summary = CompiledRules['rules'][number];

/** The part of {@link Console} that is about rules as they are loaded. */
export const createConsoleRules = (options: {
  readonly store: Pick<Store, 'browse' | 'conditions'>;
  readonly rules: () => CompiledRules;
  /** The rule files as they were read. */
  readonly ruleTexts: () => readonly RuleFile[];
  readonly now: Clock;
}): Pick<Console, 'rules' | 'rule'> => {
  const { now } = options;
  const { browse, conditions } = options.store;
  /** A rule's own tests always come to the same. */
  const tested = new WeakMap<Summary, RuleDetail['tests']>();

  const rowOf = async (
    { info, kind, scope, tests }: Summary,
    open: ReadonlyMap<string, number>,
  ): Promise<RuleRow> => {
    const nowMs = now();
    const month = await browse.hits(info.id, nowMs - DAYS * DAY_MS, nowMs + 1);
    const day = await browse.hits(info.id, nowMs - DAY_MS, nowMs + 1);
    return {
      id: info.id,
      title: info.title,
      level: info.level,
      kind,
      scope,
      shadow: info.shadow,
      tags: [...info.tags],
      file: info.file,
      hits_24h: day.count,
      hits_30d: month.count,
      last_hit_at: isoOrNull(month.lastMs),
      failing_since: isoOrNull(open.get(`rule_failing:${info.title}`)),
      tests: tests.length,
    };
  };

  const testsOf = (rule: Summary): RuleDetail['tests'] => {
    const known = tested.get(rule);
    if (known) return known;
    const subset = rule.tests.length === 0 ? undefined : ruleSubset(options.rules(), rule.info.id);
    const results = subset ? runRuleTests(subset, (info) => info.id === rule.info.id) : [];
    const made = results.map(({ test, passed, reason }) => ({ name: test.name, passed, detail: reason }));
    tested.set(rule, made);
    return made;
  };

  return {
    async rules() {
      const { rules, skipped } = options.rules();
      const open = await conditions.open();
      const breath = createBreath(LIST_MS);
      const items: RuleRow[] = [];
      for (const rule of rules) {
        items.push(await rowOf(rule, open));
        await breath.take();
      }
      return {
        items,
        skipped: skipped.map(({ info, reason }) => ({ title: info.title, file: info.file, reason })),
      };
    },
    async rule(id) {
      const compiled = options.rules();
      const rule = compiled.rules.find(({ info }) => info.id === id);
      if (!rule) return undefined;
      const { info } = rule;
      const firstMs = (Math.floor(now() / DAY_MS) - DAYS + 1) * DAY_MS;
      const counts: number[] = [];
      for (let day = 0; day < DAYS; day += 1) {
        const fromMs = firstMs + day * DAY_MS;
        counts.push((await browse.hits(id, fromMs, fromMs + DAY_MS)).count);
      }
      return {
        rule: {
          ...(await rowOf(rule, await conditions.open())),
          description: info.description ?? null,
          references: [...info.references],
          falsepositives: [...info.falsepositives],
          source: sourceOf(rule, options.ruleTexts()),
          lines: [...(explainLoaded(compiled, id, undefined)?.lines ?? [])],
        },
        hits: { from: iso(firstMs), step_seconds: DAY_MS / 1_000, counts },
        tests: testsOf(rule),
      };
    },
  };
};

/** The document of a rule as it was read. */
const sourceOf = ({ info, line }: Summary, texts: readonly RuleFile[]): string => {
  const lines = (texts.find(({ path }) => path === info.file)?.text ?? '').split('\n');
  const isMark = (text: string | undefined): boolean => /^---(\s|$)/.test(text ?? '');
  let from = Math.min(Math.max(0, line - 1), lines.length);
  while (from > 0 && !isMark(lines[from - 1])) from -= 1;
  let to = Math.max(from, line - 1);
  while (to < lines.length && !isMark(lines[to])) to += 1;
  return `${lines.slice(from, to).join('\n').trim()}\n`;
};
