import type { Command } from 'commander';
import { visibleText } from '../alerts/visible-text.ts';
import { runDrill } from '../app/drill.ts';
import { createLog } from '../logs/log.ts';
import { createTextRedactor } from '../logs/redact.ts';
import { about, CONFIG } from './about.ts';
import { type CommandContext, EXIT } from './context.ts';
import { createListWriter, type ListFormat, type ListStyle, withListFormats } from './format.ts';
import { loadOrRefuse } from './load-or-refuse.ts';
import { type Output, outputs } from './output.ts';

/** `sinks test`: a marked drill through the production path of one sink or all. */
export const registerSinks = (program: Command, context: CommandContext): void => {
  const sinks = program.command('sinks').description('look after the places alerts go to');
  const test = sinks
    .command('test')
    .argument('[name...]', 'sinks to test (default: all that are on)')
    .description('send a marked drill through outbox and sink, as a real alert goes, and print the receipt')
    .option(...CONFIG);
  about(withListFormats(test), ['sinks test', 'sinks test slack'], { 1: 'a drill did not arrive' }).action(
    async (names: string[], options: { config?: string; readonly output: ListFormat }) => {
      const loaded = await loadOrRefuse(options.config);
      // The receipts go to stdout; the log would only repeat them.
      const log = createLog({ level: 'silent', pretty: false, secrets: loaded.secrets });
      const results = await runDrill(
        {
          settings: loaded.ready.settings,
          names,
          log,
          redact: createTextRedactor(loaded.secrets),
          now: Date.now,
          random: Math.random,
        },
        context.signal,
      );
      const { out } = outputs();
      const list = createListWriter(out, options.output, styleOf(out));
      for (const result of results) await list.add(result);
      await list.end();
      context.exit(results.every(({ outcome }) => outcome === 'sent') ? EXIT.ok : EXIT.failed);
    },
  );
};

type Result = Awaited<ReturnType<typeof runDrill>>[number];

const styleOf = ({ colours }: Output): ListStyle<Result> => ({
  columns: [{ head: 'SINK', min: 10 }, { head: 'DRILL' }, { head: 'ANSWER', min: 20 }],
  cells: ({ sink, outcome, detail }) => [
    visibleText(sink, 64),
    outcome === 'sent' ? 'arrived' : 'FAILED',
    visibleText(detail, 500),
  ],
  json: ({ sink, outcome, detail }) => ({ sink, outcome, detail }),
  paint: (text, { outcome }, column) =>
    column === 1 ? (outcome === 'sent' ? colours.good(text) : colours.bad(text)) : text,
  nothing: 'no sink is on',
});
