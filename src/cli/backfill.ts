import type { Command } from 'commander';
import { visibleText } from '../alerts/visible-text.ts';
import { awaitBackfills, backfillProgress, requestBackfills } from '../app/backfill.ts';
import { loginName, withStore } from '../app/deliveries.ts';
import { counted } from '../app/numbers.ts';
import { UsageError } from '../base/errors.ts';
import type { Settings } from '../config/settings.ts';
import type { Log } from '../core/log.ts';
import type { Store } from '../core/store.ts';
import { createTextRedactor } from '../logs/redact.ts';
import { about, CONFIG } from './about.ts';
import { MOMENT, moment } from './arguments.ts';
import { type CommandContext, EXIT } from './context.ts';
import { loadFor, loadOrRefuse } from './load-or-refuse.ts';
import { outputs } from './output.ts';
import { createProgress } from './progress.ts';

interface Options {
  readonly config?: string;
  readonly from?: number;
  readonly to?: number;
  readonly account?: string;
  readonly notify?: boolean;
  readonly cancel?: boolean;
}

/** What the bar and the last line do not say is not worth a line beside them. */
const quietLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** `backfill`: have the past read that was never read. */
export const registerBackfill = (program: Command, context: CommandContext): void => {
  const command = program
    .command('backfill')
    .description('read the past that was never read; its alerts are recorded and sent nowhere')
    .option('--from <time>', `first moment: ${MOMENT}`, moment)
    .option('--to <time>', 'moment to stop before, written likewise (default: the watermark)', moment)
    .option('--account <name>', 'only this account')
    .option('--notify', 'send the alerts as if the events were of today')
    .option('--cancel', 'give up what is still waiting; what was read stays')
    .option(...CONFIG)
    .action(async (options: Options) => {
      const loaded = await loadOrRefuse(options.config);
      const { settings } = loaded.ready;
      await withStore(settings, Date.now, async (store) => {
        if (options.cancel) return cancel(store, settings, options.account);
        const ids = await request(store, settings, options);
        const { out, err } = outputs();
        if (ids.length === 0) return out.line('all of it has been read before');
        const progress = createProgress(process.stderr, Date.now);
        const parts = {
          ...loaded.ready,
          warnings: [],
          reload: () => loadFor(options.config),
          log: quietLog,
          redact: createTextRedactor(loaded.secrets),
          now: Date.now,
          random: Math.random,
        };
        try {
          await awaitBackfills(
            parts,
            store,
            ids,
            ({ done, events, alerts, backfills }) => {
              const trouble = backfills.find(({ detail }) => detail !== '')?.detail;
              const behind = trouble === undefined ? '' : `; ${visibleText(trouble, 200)}`;
              progress.update(done, `${counted(events, 'event')}, ${counted(alerts, 'alert')}${behind}`);
            },
            context.signal,
          );
        } finally {
          progress.clear();
        }
        const { events, alerts, backfills } = await backfillProgress(store, ids);
        await out.line(`${counted(events, 'event')} read, ${counted(alerts, 'alert')} recorded`);
        for (const { account, state, detail } of backfills) {
          if (state === 'done') continue;
          const text =
            state === 'waiting'
              ? 'not finished; a running monitor goes on with it, and so does this command when it is called again'
              : `${state}${detail === '' ? '' : `: ${visibleText(detail, 300)}`}`;
          await err.line(`${account}: ${text}`);
        }
        context.exit(backfills.every(({ state }) => state === 'done') ? EXIT.ok : EXIT.failed);
      });
    });
  about(
    command,
    ['backfill --from 2026-01-01', 'backfill --from 90d --account default', 'backfill --cancel'],
    { 1: 'not all of it was read: it failed, was cancelled or interrupted' },
  );
};

const request = async (store: Store, settings: Settings, options: Options): Promise<readonly string[]> => {
  const { from, to, account, notify = false } = options;
  if (from === undefined) throw new UsageError('say from when: --from 2026-01-31, or --from 90d');
  if (to !== undefined && from >= to) throw new UsageError('--from must be before --to');
  const nowMs = Date.now();
  if (from < nowMs - settings.store.retentionMs)
    await outputs().err.line(
      'warning: --from lies before what store.retention keeps; older events are read, held against the rules and then deleted',
    );
  const waiting = await waitingIn(store, settings, account);
  const wish = { fromMs: from, toMs: to, account, notify, by: loginName() };
  // What reads a stretch first decides whether its alerts are sent.
  const other = waiting.find((backfill) => backfill.notify !== notify);
  if (other)
    throw new UsageError(
      `a backfill of account "${other.account}" ${other.notify ? 'with' : 'without'} --notify is waiting; let it end, or give it up with --cancel`,
    );
  // What was asked for before, and was interrupted, comes first and is part of what this one waits for.
  const asked = await requestBackfills(store, settings, wish, nowMs);
  return [...waiting.map(({ id }) => id), ...asked];
};

const waitingIn = async (store: Store, { accounts }: Settings, only: string | undefined) => {
  const names = accounts.map(({ name }) => name).filter((name) => only === undefined || name === only);
  return (await Promise.all(names.map((name) => store.backfills.waiting(name)))).flat();
};

const cancel = async (store: Store, settings: Settings, account: string | undefined): Promise<void> => {
  const waiting = await waitingIn(store, settings, account);
  for (const { id } of waiting) await store.backfills.end(id, 'cancelled', `by ${loginName()}`, Date.now());
  await outputs().out.line(`${counted(waiting.length, 'backfill')} cancelled`);
};
