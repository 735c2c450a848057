import { bareHead } from '../../src/app/published-heads.ts';
import { staleAfterMs } from '../../src/app/watchdog.ts';
import type { Alert } from '../../src/core/alert.ts';
import type { PublishedHead } from '../../src/core/chain.ts';
import type { DeliveryRecord } from '../../src/core/history.ts';
import { linkId } from '../../src/core/links.ts';
import type { Store } from '../../src/core/store.ts';
import { verifyChainsAt } from '../../src/store/open.ts';
import type { Plan } from './plan.ts';
import { alertOfMessage } from './receivers.ts';
import type { World } from './world.ts';

/** What the process that was asked to may still do with what it knows of a server that is gone. ms */
const AFTER_FAILOVER_MS = 60_000;

/** Whether what was committed then went with a server that another one replaced. */
export const wasLost = ({ episodes }: Plan, atMs: number): boolean =>
  episodes.some(
    ({ fromMs, toMs, trouble }) =>
      trouble.kind === 'database' &&
      trouble.fault === 'failover' &&
      atMs >= fromMs &&
      atMs <= toMs + AFTER_FAILOVER_MS,
  );

/* What must hold outside of the store: what was published, what the HTTP server said, what people did by links. */

/** All heads that left the monitor are on the chains that are there at the end: in the log, heartbeats and alerts. */
export const headsHold = async (
  plan: Plan,
  world: World,
  alerts: Iterable<Alert>,
): Promise<readonly string[]> => {
  const heads: PublishedHead[] = [];
  const ofLine = (fields: Readonly<Record<string, unknown>>, atMs: number): void => {
    const { chain, account = '', position, hash } = fields;
    if ((chain === 'events' || chain === 'acts') && !wasLost(plan, atMs))
      heads.push({ chain, account: String(account), position: Number(position), hash: String(hash) });
  };
  for (const [life, lines] of world.lines.entries())
    for (const [index, line] of lines.entries())
      if (line.event === 'chain.head') ofLine(line, world.lineTimes[life]?.[index] ?? 0);
  for (const { body, atMs } of world.heartbeats)
    for (const line of body.split('\n').filter(Boolean))
      ofLine(JSON.parse(line) as Record<string, unknown>, atMs);
  for (const { fields } of alerts)
    for (const { name, value } of fields) if (name.startsWith('Chain of ')) heads.push(bareHead(value));
  const found = await verifyChainsAt(world.store.place(), {
    account: undefined,
    heads,
    onProgress: () => {},
    signal: new AbortController().signal,
  });
  return [
    ...found.reports.flatMap(({ chain, account, broken }) =>
      broken ? [`the chain of ${chain} ${account} is broken: ${broken.kind}: ${broken.detail}`] : [],
    ),
    ...found.heads.missing.map((hash) => `the head ${hash} was published and is on no chain`),
    ...(found.file === undefined ? [] : [`the file is damaged: ${found.file}`]),
    ...(heads.length === 0 ? ['no head was ever published'] : []),
  ];
};

/** A heartbeat is sent while every account was read lately, and only then; and at the end it comes. */
export const beatsRightly = ({ plan, world }: { plan: Plan; world: World }): readonly string[] => {
  const limitMs = staleAfterMs(plan.poll.intervalMs) + 30_000;
  const completed = plan.accounts.map(({ name }) => ({
    name,
    times: world.lines
      .flatMap((lines, life) =>
        lines.map((line, index) => ({ line, atMs: world.lineTimes[life]?.[index] ?? 0 })),
      )
      .filter(({ line }) => line.event === 'poll.completed' && line['account'] === name)
      .map(({ atMs }) => atMs),
  }));
  const violations: string[] = [];
  for (const { atMs } of world.heartbeats)
    for (const { name, times } of completed)
      if (!times.some((ms) => ms <= atMs && atMs - ms <= limitMs))
        violations.push(`a heartbeat came at ${iso(atMs)}, and ${name} had not been read for ${limitMs} ms`);
  const last = world.heartbeats.findLast(({ known }) => known)?.atMs ?? 0;
  if (last < plan.endMs + 3_600_000)
    violations.push(`the last heartbeat that was taken came at ${iso(last)}`);
  return violations;
};

/** The HTTP server always lives, says why it is not ready, tells of a full store, and is ready at the end. */
export const saidRightly = ({ looks }: World): readonly string[] => {
  const violations: string[] = [];
  for (const { atMs, alive, ready, metrics, isTroubled } of looks) {
    const say = (text: string): void => void violations.push(`at ${iso(atMs)} ${text}`);
    if (alive.status !== 200) say(`/livez answered ${alive.status}`);
    if (metrics.status !== 200 || !/^vonage_audit_monitor_\w+/m.test(metrics.body))
      say(`/metrics answered ${metrics.status}`);
    const said = JSON.parse(ready.body) as { readonly ready: boolean; readonly reasons: readonly string[] };
    if (said.ready !== (ready.status === 200) || said.ready !== (said.reasons.length === 0))
      say(`/readyz answered ${ready.status}: ${ready.body}`);
    if (!isTroubled && said.reasons.some((reason) => reason.includes('cannot be written')))
      say(`/readyz said of a store that is not full: ${ready.body}`);
  }
  const last = looks.at(-1);
  if (last?.ready.status !== 200) violations.push(`not ready at the end: ${last?.ready.body}`);
  return violations;
};

/** What was confirmed by a link is done and recorded with the link; one that was looked at only did nothing. */
export const clickedRightly = async (
  plan: Plan,
  { clicks }: World,
  store: Store,
): Promise<readonly string[]> => {
  const silences = await store.silences.list({ nowMs: 0, ended: true });
  const violations: string[] = [];
  for (const { atMs, action, token, asked, done, isTroubled } of clicks) {
    if (wasLost(plan, atMs)) continue;
    const say = (text: string): void => void violations.push(`a click on "${action}": ${text}`);
    const fine = isTroubled ? [200, 410, 500, 503] : [200, 410];
    if (!fine.includes(asked.status) || !fine.includes(done.status))
      say(`it was answered ${asked.status} and ${done.status}: ${done.body.slice(0, 300)}`);
    if (done.status !== 200) continue;
    const link = `link ${linkId(token)}`;
    const [, alertId] = JSON.parse(
      Buffer.from(token.split('.')[0] ?? '', 'base64url').toString('utf8'),
    ) as readonly [string, string];
    const acts = (await store.history.acts({ subject: alertId, limit: 1_000 })).items;
    const isDone =
      action === 'silence'
        ? silences.filter(({ author }) => author.includes(link)).length >= 1
        : acts.filter(({ act, by }) => act === 'alert.acknowledged' && by.includes(link)).length === 1;
    if (!isDone) say(`it was confirmed, and nothing of it is recorded (alert ${alertId}, ${link})`);
  }
  return violations;
};

/** What is said to be sent to Slack was taken, and what Slack got is known. */
export const arrivedAtSlack = (
  world: World,
  alerts: ReadonlyMap<string, Alert>,
  deliveries: ReadonlyMap<string, DeliveryRecord>,
): readonly string[] => {
  const rows = [...deliveries.values()].filter(({ sink }) => sink === 'chat');
  const planned = new Set(rows.map(({ alertId }) => alertId));
  return [
    ...rows
      .filter(({ state, alertId }) => state === 'sent' && !world.takenByChat.has(alertId))
      .map(({ id }) => `delivery ${id} is said to be sent, Slack never took it`),
    ...world.receivers.chat.requests
      .map(({ body }) => alertOfMessage(body))
      .filter((id) => !planned.has(id) && alerts.has(id))
      .map((id) => `Slack got alert ${id}, which has no delivery to it`),
  ];
};

/**
 * No watermark lies in the future of the API (by more than the second its dates are cut to), whatever our clock says: events
 * that happen until then would be left to the
 * second reader.
 */
export const neverAhead = ({ lines, lineTimes }: World): readonly string[] =>
  lines.flatMap((said, life) =>
    said.flatMap((line, index) => {
      const atMs = lineTimes[life]?.[index] ?? 0;
      return line.event === 'poll.completed' && Date.parse(String(line['watermark'])) > atMs + 1_000
        ? [`at ${iso(atMs)} the watermark of ${String(line['account'])} was ${String(line['watermark'])}`]
        : [];
    }),
  );

/** Within an hour; a circuit that is open probes less than twenty times, and each life may begin with some tries. */
const MOST_IN_VAIN = 150;

/** A receiver that takes nothing is left in peace. */
export const neverHammers = ({ visits }: World): readonly string[] =>
  (['hook', 'pager', 'chat'] as const).flatMap((sink) => {
    let vain: number[] = [];
    let most = 0;
    for (const { atMs, taken } of visits.filter((visit) => visit.sink === sink)) {
      vain = taken ? [] : [...vain.filter((ms) => ms > atMs - 3_600_000), atMs];
      most = Math.max(most, vain.length);
    }
    return most > MOST_IN_VAIN ? [`${sink} took nothing, and was asked ${most} times within an hour`] : [];
  });

const iso = (ms: number): string => new Date(ms).toISOString();
