import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { KEY, SECRET } from '../test/support/installation.ts';

/*
 * The least a monitor could do: `node bare-poller.ts API HOOK INTERVAL_MS` asks for the newest page at the interval and
 * posts every event it has not seen, without rules, store or outbox.
 */

const api = new URL(String(process.argv[2]));
const hook = new URL(String(process.argv[3]));
const intervalMs = Number(process.argv[4]);
const asking = new Pool(api.origin, { connections: 1 });
const posting = new Pool(hook.origin, { connections: 1 });
const headers = { authorization: `Basic ${Buffer.from(`${KEY}:${SECRET}`).toString('base64')}` };
const seen = new Set<string>();
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());

for (let first = true; !stop.signal.aborted; first = false) {
  const path = `${api.pathname}/events?page=1&size=100`;
  const { body } = await asking.request({ method: 'GET', path, headers });
  const page = (await body.json()) as { readonly _embedded?: { readonly events: readonly { id: string }[] } };
  for (const { id } of page._embedded?.events ?? []) {
    if (seen.has(id)) continue;
    seen.add(id);
    if (first) continue;
    const answer = await posting.request({
      method: 'POST',
      path: hook.pathname,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ event_ids: [id] }),
    });
    await answer.body.dump();
  }
  if (first) console.log(JSON.stringify({ event: 'poll.completed' }));
  await sleep(intervalMs * (0.9 + 0.2 * Math.random()));
}
await Promise.all([asking.close(), posting.close()]);
