import { randomUUID } from 'node:crypto';
import { visibleText } from '../alerts/visible-text.ts';
import { formatDuration } from '../base/duration.ts';
import type { Alert } from '../core/alert.ts';
import type { Clock } from '../core/clock.ts';
import type { Delivery } from '../core/delivery.ts';
import { createLinkSigner, type LinkAction, type LinkClaim, linkId } from '../core/links.ts';
import type { Log } from '../core/log.ts';
import type { Matchers } from '../core/matcher.ts';
import type { Store } from '../core/store.ts';
import type { ActAnswer, AlertActs } from '../server/act-pages.ts';
import type { AlertAction } from '../sinks/sink-type.ts';

/** How long links can be used, from the time the alert was decided. */
const LINK_LIFE_MS = 7 * 86_400_000;
/** How long a link silences. */
const SILENCE_MS = 3_600_000;

const LABELS: Readonly<Record<LinkAction, string>> = {
  silence: `Silence for ${formatDuration(SILENCE_MS)}`,
  expected: 'Expected change',
};

/** The links in alerts, and what becomes of those who follow them. */
export interface AlertLinks extends AlertActs {
  actionsFor(delivery: Delivery): readonly AlertAction[];
}

/** Whether an alert can be acted on at all: what has ended, drills and summaries cannot. */
const isActionable = ({ kind, status }: Alert): boolean =>
  status === 'firing' && (kind === 'rule' || kind === 'system');

/** What a link's silence hides: this rule in this account. */
const matchOf = ({ rule, account }: Alert): Matchers => ({
  rule: [`=${rule.id}`],
  ...(account === '' ? {} : { account: [`=${account}`] }),
});

/**
 * Signed links for alerts, for which the receiver needs no app. Following one (a mail scanner does) only shows what it
 * would do; the act takes a confirmation, is recorded with the link's identity, and is done once per link.
 */
export const createAlertLinks = (options: {
  /** Where people reach the server. */
  readonly externalUrl: string;
  /** The signing key. */
  readonly key: Buffer;
  readonly store: Pick<Store, 'silences' | 'acts' | 'history'>;
  readonly now: Clock;
  readonly log: Log;
}): AlertLinks => {
  const { store, now, log } = options;
  const signer = createLinkSigner(options.key);
  const base = options.externalUrl.replace(/\/+$/, '');

  const alertOf = async (claim: LinkClaim): Promise<Alert | undefined> =>
    (await store.history.alerts({ id: claim.alertId, limit: 1 })).items[0];

  const silence = async (alert: Alert, by: string, link: string, note: string): Promise<string> => {
    const nowMs = now();
    const current = await store.silences.list({ nowMs, ended: false });
    // A second click, or a form that is sent twice, is the same wish.
    const known = current.find(({ author }) => author.includes(`link ${link}`));
    if (known) return `It is silenced already, until ${new Date(known.endsAtMs).toISOString()}.`;
    const endsAtMs = nowMs + SILENCE_MS;
    await store.silences.add({
      id: randomUUID(),
      match: matchOf(alert),
      author: by,
      reason: note === '' ? `from a link in alert ${alert.id}` : note,
      createdAtMs: nowMs,
      startsAtMs: nowMs,
      endsAtMs,
      schedule: undefined,
      expired: undefined,
    });
    return `Alerts of this rule${alert.account === '' ? '' : ' in this account'} are silenced until ${new Date(endsAtMs).toISOString()}. They are recorded, and a summary will tell what was hidden.`;
  };

  const acknowledge = async (alert: Alert, by: string, link: string, note: string): Promise<string> => {
    const { items } = await store.history.acts({ subject: alert.id, limit: 1_000 });
    if (items.some((act) => act.act === 'alert.acknowledged' && act.by.includes(`link ${link}`)))
      return 'It is recorded already.';
    const detail = note === '' ? 'expected change' : `expected change: ${note}`;
    await store.acts.record({ act: 'alert.acknowledged', atMs: now(), by, subject: alert.id, detail });
    return 'It is recorded as an expected change.';
  };

  const resolve = async (token: string): Promise<{ claim: LinkClaim; alert: Alert } | ActAnswer> => {
    const claim = signer.verify(token, now());
    if (claim === 'invalid')
      return { status: 404, title: 'No such link', text: 'This link is not one of ours, or not all of it.' };
    if (claim === 'expired')
      return {
        status: 410,
        title: 'Too old',
        text: `Links can be used for ${formatDuration(LINK_LIFE_MS)} after the alert.`,
      };
    const alert = await alertOf(claim);
    return alert ? { claim, alert } : { status: 410, title: 'Gone', text: 'The alert is no longer kept.' };
  };

  return {
    actionsFor({ alert, sink }) {
      if (!isActionable(alert)) return [];
      const actions: readonly LinkAction[] = alert.unsilenceable ? ['expected'] : ['silence', 'expected'];
      return actions.map((action) => {
        const expiresAtMs = alert.decidedAtMs + LINK_LIFE_MS;
        const token = signer.sign({ action, alertId: alert.id, sink, expiresAtMs });
        return { label: LABELS[action], url: `${base}/act/${token}` };
      });
    },
    async look(token) {
      const found = await resolve(token);
      if ('status' in found) return found;
      const { claim, alert } = found;
      return {
        label: LABELS[claim.action],
        question:
          claim.action === 'silence'
            ? `Silence alerts of this rule${alert.account === '' ? '' : ` in account "${visibleText(alert.account, 100)}"`} for ${formatDuration(SILENCE_MS)}? They will still be recorded, and a summary will tell what was hidden.`
            : 'Record that this change was expected? It silences nothing.',
        level: alert.rule.level,
        title: visibleText(alert.rule.title, 300),
        message: visibleText(alert.message, 2_000),
        happened: new Date(alert.createdAtMs).toISOString(),
      };
    },
    async act(token, { name, note }) {
      const found = await resolve(token);
      if ('status' in found) return found;
      const { claim, alert } = found;
      const link = linkId(token);
      const who = visibleText(name.trim(), 100) || 'somebody';
      const by = `${who} (link ${link} sent to ${claim.sink})`;
      const said = visibleText(note.trim(), 300);
      const text =
        claim.action === 'silence'
          ? await silence(alert, by, link, said)
          : await acknowledge(alert, by, link, said);
      log.info('alert.acknowledged', { alert_id: alert.id, action: claim.action, by, note: said });
      return { status: 200, title: LABELS[claim.action], text };
    },
  };
};
