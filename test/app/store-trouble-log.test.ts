import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createStoreTroubleLog } from '../../src/app/store-trouble-log.ts';
import type { LogFields } from '../../src/core/log.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 2) });
});
afterEach(() => {
  vi.useRealTimers();
});

const setUp = () => {
  const lines: string[] = [];
  const at =
    (level: string) =>
    (event: string, { operation, account, accounts, sinks, lines_kept: kept }: LogFields = {}): void =>
      void lines.push(
        [level, event, operation, account, accounts, sinks, kept]
          .filter((part): part is string | number => part !== undefined)
          .join(' '),
      );
  const log = createStoreTroubleLog(
    { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    Date.now,
  );
  return { log, loud: () => lines.splice(0).filter((line) => !line.startsWith('debug')), lines };
};

it('tells trouble of the store that 300 accounts have in a few lines, and how many wait', async () => {
  const { log, loud, lines } = setUp();
  const all = (): void => {
    for (let index = 0; index < 300; index += 1) {
      log.error('poll.failed', { account: `a${index}`, kind: 'store', reason: 'gone' });
      log.error('store.error', { account: `a${index}`, reason: 'gone' });
      log.error('store.error', { operation: `account:a${index}`, reason: 'gone' });
      log.warn('reconcile.failed', { account: `a${index}`, kind: 'store', reason: 'gone' });
    }
    log.error('store.error', { operation: 'sink:ops', reason: 'gone' });
    log.error('store.error', { operation: 'claim', sink: 'mail', reason: 'gone' });
    log.error('store.error', { operation: 'beat', reason: 'gone' });
  };
  all();
  // Nothing is swallowed.
  expect(lines).toHaveLength(1_203);
  expect(loud()).toEqual([
    'error poll.failed a0',
    'error store.error a0',
    'error store.error account:a0',
    'warn reconcile.failed a0',
    'error store.error sink:ops',
    'error store.error claim',
    'error store.error beat',
  ]);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(loud()).toEqual(['error store.waiting 300 2 1196']);
  for (let second = 0; second < 600; second += 10) {
    all();
    await vi.advanceTimersByTimeAsync(10_000);
  }
  expect(loud()).toHaveLength(10);
});

it('takes trouble that does not show for a minute for over, and tells of the next anew', async () => {
  const { log, loud } = setUp();
  const fail = (): void => log.error('store.error', { operation: 'probe', reason: 'gone' });
  fail();
  await vi.advanceTimersByTimeAsync(120_000);
  // A single one is no crowd.
  expect(loud()).toEqual(['error store.error probe']);
  fail();
  fail();
  expect(loud()).toEqual(['error store.error probe']);
});

it('leaves all other lines alone, also those of passes that fail by the API', () => {
  const { log, loud } = setUp();
  log.error('poll.failed', { account: 'a', kind: 'blind' });
  log.error('poll.failed', { account: 'b', kind: 'blind' });
  log.warn('reconcile.failed', { account: 'a' });
  log.warn('reconcile.failed', { account: 'b' });
  log.info('poll.completed', { account: 'a' });
  log.info('poll.completed', { account: 'b' });
  expect(loud()).toHaveLength(6);
});
