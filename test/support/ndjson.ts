import { closeSync, openSync, writeSync } from 'node:fs';

/** Writes many small events, `stepMs` apart from `startMs` on, as NDJSON. `reversed` turns every thousand lines round. */
export const writeEvents = (
  path: string,
  count: number,
  { startMs = Date.UTC(2026, 0, 1), stepMs = 1_000, reversed = false } = {},
): void => {
  const file = openSync(path, 'w');
  try {
    const block = 1_000;
    for (let from = 0; from < count; from += block) {
      const lines = Array.from({ length: Math.min(block, count - from) }, (_, index) => {
        const number = from + index;
        const type = number % 10_000 === 0 ? 'APP_DELETE' : 'USER_LOGIN';
        const at = new Date(startMs + number * stepMs).toISOString().slice(0, 19);
        return `{"id":"e${String(number).padStart(9, '0')}","event_type":"${type}","created_at":"${at}","user_email":"user${number % 7}@example.com","source_ip":"203.0.113.9","context":{"note":"${'x'.repeat(400)}"}}`;
      });
      writeSync(file, `${(reversed ? lines.reverse() : lines).join('\n')}\n`);
    }
  } finally {
    closeSync(file);
  }
};
