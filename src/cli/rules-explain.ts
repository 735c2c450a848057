import { type Command, Option } from 'commander';
import { visibleText } from '../alerts/visible-text.ts';
import { type ExplainedRule, explainLoaded, type Finding } from '../app/explain.ts';
import { eventOfFile, remoteEvent, storedEvent } from '../app/find-event.ts';
import type { RuleSet } from '../app/rule-set.ts';
import { UsageError } from '../base/errors.ts';
import type { AuditEvent } from '../core/event.ts';
import { placeText } from '../core/store-place.ts';
import { formatExplanation } from '../rules/explain.ts';
import { about, CONFIG } from './about.ts';
import { type CommandContext, EXIT } from './context.ts';
import { type RecordFormat, withRecordFormats } from './format.ts';
import { loadSettings, warnOfRules } from './load-or-refuse.ts';
import { loadSelected } from './load-rules.ts';
import { type Output, outputs } from './output.ts';

interface Options {
  readonly config?: string;
  readonly event?: string;
  readonly source: 'local' | 'api';
  readonly output: RecordFormat;
}

const MAX_LINE = 2_000;

/** `rules explain`: a rule in plain English, and what it makes of an event. */
export const registerRulesExplain = (rules: Command, context: CommandContext): void => {
  const command = withRecordFormats(rules.command('explain'))
    .argument('<rule>', 'id, name or title of a rule of the configuration, or a rule file')
    .description('say in plain English what a rule looks for, and why it matches an event or not')
    .option('--event <file|id>', 'a file with one event as JSON, or the id of an event')
    .addOption(
      new Option('--source <source>', 'where an event is looked up by its id')
        .choices(['local', 'api'])
        .default('local'),
    )
    .option(...CONFIG)
    .action(async (rule: string, options: Options) => {
      const { out } = outputs();
      const { set, ids } = await loadSelected(options.config, [rule], { passOver: true });
      warnOfRules(set.problems);
      const event =
        options.event === undefined
          ? undefined
          : await findEvent(options.event, options, set, context.signal);
      const explained = [...ids]
        .map((id) => explainLoaded(set.compiled, id, event))
        .filter((each) => each !== undefined);
      if (options.output === 'ndjson') for (const each of explained) await out.json(asJson(each, event));
      else
        for (const [index, each] of explained.entries()) {
          if (index > 0) await out.line();
          await print(out, each, event);
        }
      context.exit(EXIT.ok);
    });
  about(
    command,
    [
      'rules explain "API Secret Was Created"',
      'rules explain my-rule.yml --event event.json',
      'rules explain vonage_audit_secret_created --event 8f1e2d3c-… --source api',
    ],
    { 2: 'there is no such rule or event' },
  );
};

const findEvent = async (
  wanted: string,
  options: Options,
  set: RuleSet,
  signal: AbortSignal,
): Promise<AuditEvent> => {
  const inFile = eventOfFile(wanted, Date.now());
  if (inFile) return inFile;
  const neither = `"${visibleText(wanted, 200)}" is neither a file nor the id of an event`;
  if (options.source === 'api') {
    const { settings } = await loadSettings(options.config, { quiet: true });
    const event = await remoteEvent(settings, wanted, Date.now, Math.random, signal);
    if (event) return event;
    throw new UsageError(`${neither} that the Audit API knows`);
  }
  const { storePlace } = set.configuration;
  const event = storePlace === undefined ? undefined : await storedEvent(storePlace, wanted);
  if (event) return event;
  const where =
    storePlace === undefined
      ? 'the store (the configuration names none)'
      : `the store ${placeText(storePlace)}`;
  throw new UsageError(`${neither} in ${where}; --source api asks the Audit API`);
};

const verdict = ({ matches }: Finding): string => {
  if (matches === undefined) return 'matches if it is new';
  return matches ? 'matches' : 'does not match';
};

const print = async (
  { line, colours }: Output,
  { rule, lines, findings }: ExplainedRule,
  event: AuditEvent | undefined,
): Promise<void> => {
  const [title = '', ...rest] = lines;
  await line(colours.strong(visibleText(title, MAX_LINE)));
  for (const text of rest.flatMap((each) => each.split('\n'))) await line(visibleText(text, MAX_LINE));
  if (!event) return;
  const at = new Date(event.createdAtMs).toISOString();
  const what = visibleText(`event ${event.id} (${event.eventType || 'no type'}, ${at})`, 400);
  for (const finding of findings) {
    const paint = finding.matches === false ? colours.bad : colours.good;
    const of = finding.rule.id === rule.id ? '' : ` ${JSON.stringify(finding.rule.title)}`;
    await line();
    await line(`${what} ${paint(verdict(finding))}${visibleText(of, 300)}:`);
    for (const text of formatExplanation(finding.tree, 1)) {
      const shown = visibleText(text, MAX_LINE);
      await line(shown.replace('✔', colours.good('✔')).replace('✘', colours.bad('✘')));
    }
    for (const note of finding.notes) await line(`  ${visibleText(note, MAX_LINE)}`);
  }
};

const asJson = ({ rule, lines, findings }: ExplainedRule, event: AuditEvent | undefined): object => ({
  rule: { id: rule.id, title: rule.title, level: rule.level },
  text: lines.join('\n'),
  ...(event && {
    event: {
      id: event.id,
      event_type: event.eventType,
      created_at: new Date(event.createdAtMs).toISOString(),
    },
    // Undefined (it depends on events before) is null in JSON.
    findings: findings.map((each) => ({
      rule: { id: each.rule.id, title: each.rule.title },
      matches: each.matches ?? null,
      notes: each.notes,
      tree: each.tree,
    })),
  }),
});
