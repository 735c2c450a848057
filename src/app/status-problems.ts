import type { Settings } from '../config/settings.ts';
import type { Overview } from '../core/overview.ts';
import type { StatusAnswer } from '../server/status-shape.ts';
import { counted, lasted } from './numbers.ts';
import { RANK, type StatusInput, type Trouble } from './status-input.ts';
import { splitKey } from './trouble.ts';

type Problem = StatusAnswer['problems'][number];

/** So many names are told; the rest is counted. */
const MAX_NAMES = 3;

const whoOf = (kind: 'account' | 'sink' | 'rule', names: readonly string[]): string => {
  const shown = names.slice(0, MAX_NAMES).map((name) => `"${name}"`);
  const more = names.length - shown.length;
  return `${kind}${names.length > 1 ? 's' : ''} ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
};

const plain = (
  rank: number,
  severity: Trouble['severity'],
  text: string,
  subject: string | null = null,
): Trouble => ({
  rank,
  severity,
  key: text,
  subject,
  size: 0,
  text: () => text,
});

/** Troubles as sentences, worst first; what is wrong with several of a kind is one sentence. */
export const problemsOf = (
  groups: readonly { readonly kind: 'account' | 'sink' | 'rule'; readonly troubles: readonly Trouble[] }[],
): readonly Problem[] =>
  groups
    .flatMap(({ kind, troubles }) =>
      [...Map.groupBy(troubles, ({ key }) => key).values()].map((same) => {
        const [first] = same as [Trouble, ...Trouble[]];
        const largest = same.reduce((most, one) => (one.size > most.size ? one : most), first);
        const names = same.map(({ subject }) => subject).filter((name) => name !== null);
        return {
          rank: first.rank + (first.severity === 'bad' ? 0 : 100),
          severity: first.severity,
          text: largest.text(whoOf(kind, names), largest.size),
          subject: names.length === 1 ? (names[0] ?? null) : null,
        };
      }),
    )
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ severity, text, subject }) => ({ severity, text, subject }));

/** What is wrong with the monitor as a whole. `unwritable`: why the store cannot be written. */
export const wholeTroubles = (
  { settings, rules, rulesWrong, live, nowMs }: StatusInput,
  overview: Overview,
  held: boolean,
  unwritable: string | undefined,
): readonly Trouble[] => {
  const troubles: Trouble[] = [];
  if (unwritable !== undefined)
    troubles.push(plain(RANK.store, 'bad', `The database cannot be written: ${unwritable}`));
  else if (overview.conditions.has('store:'))
    troubles.push(plain(RANK.store, 'bad', 'The database is in trouble'));
  if (!live && !held) troubles.push(plain(RANK.nobody, 'bad', nobodyText(overview, nowMs)));
  if (rules.rules.length === 0 && rulesWrong !== true)
    troubles.push(plain(RANK.nothing, 'bad', 'No rule is loaded: nothing is looked for'));
  if (settings.sinks.every(({ off }) => off))
    troubles.push(plain(RANK.nothing, 'bad', 'No sink is on: alerts reach nobody'));
  const reload = live?.config.last_reload;
  if (reload && !reload.ok)
    troubles.push(
      plain(
        RANK.reload,
        'doubtful',
        `The configuration on disk was refused ${lasted(nowMs - Date.parse(reload.at))} ago; the one before is in force`,
      ),
    );
  return troubles;
};

const nobodyText = ({ accounts }: Overview, nowMs: number): string => {
  const latestMs = Math.max(...accounts.map(({ committedAtMs }) => committedAtMs));
  return accounts.length === 0
    ? 'No monitor is running, and none has ever read anything into this store'
    : `No monitor is running: nothing was read for ${lasted(Math.max(nowMs - latestMs, 0))}`;
};

/** Open conditions that neither accounts nor sinks have told of. */
export const conditionTroubles = (
  { conditions }: Overview,
  nowMs: number,
): { readonly rules: readonly Trouble[]; readonly accounts: readonly Trouble[] } => {
  const rules: Trouble[] = [];
  const accounts: Trouble[] = [];
  for (const [key, sinceMs] of conditions) {
    const [name, subject] = splitKey(key);
    const size = Math.max(nowMs - sinceMs, 0);
    const base = { severity: 'doubtful', key: name, subject, size } as const;
    if (name === 'rule_failing')
      rules.push({
        ...base,
        rank: RANK.rule,
        text: (who, ms) => `Events were not checked by ${who}, which failed on them; since ${lasted(ms)}`,
      });
    if (name === 'unverified')
      accounts.push({
        ...base,
        rank: RANK.unverified,
        text: (who) => `The API has contradicted itself about the trail of ${who}: events may be missing`,
      });
    if (name === 'clock_skew')
      accounts.push({
        ...base,
        rank: RANK.clock,
        text: (who) => `The clock of this machine and that of the API disagree, seen with ${who}`,
      });
  }
  return { rules, accounts };
};

/** The sentence for a person in a hurry. */
export const summaryOf = (
  problems: readonly Problem[],
  settings: Settings,
  accounts: StatusAnswer['accounts'],
): string => {
  const bad = problems.filter(({ severity }) => severity === 'bad').length;
  const [worst] = problems;
  if (worst && bad > 0) {
    const more = problems.length - 1;
    return `${worst.text}${more > 0 ? `; and ${counted(more, 'thing')} more` : ''}.`;
  }
  const on = settings.sinks.filter(({ off }) => !off).length;
  const oldest = Math.max(...accounts.map(({ watermark_age_seconds: age }) => age ?? 0));
  const well = `${counted(accounts.length, 'account')} watched up to ${lasted(oldest * 1_000)} ago, ${counted(on, 'sink')} on`;
  return worst
    ? `It works (${well}), but look: ${worst.text}${problems.length > 1 ? `; and ${counted(problems.length - 1, 'thing')} more` : ''}.`
    : `All is well: ${well}.`;
};
