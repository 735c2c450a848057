import { formatDuration } from '../base/duration.ts';
import type { Level } from '../core/alert.ts';
import type { ConditionName } from '../core/conditions.ts';

/** What a condition of the monitor about itself says. Every text is written for a person woken by it. */
export interface ConditionText {
  readonly level: Level;
  /** Few words, without the subject. */
  readonly title: string;
  /** Whether the subject is an account (else a sink, a rule, or nothing). */
  readonly aboutAccount: boolean;
  /** What is wrong, as whole sentences. `detail` is a clause in its own right and may be ''. */
  problem(subject: string, detail: string, since: string): string;
  /** What the reader should do. */
  readonly action: string;
  /** What has ended, and what that does not mean. */
  resolved(subject: string): string;
}

const because = (detail: string): string => (detail === '' ? '' : ` (${detail})`);

/** Every condition of {@link ConditionName}. */
export const CONDITION_TEXTS: Readonly<Record<ConditionName, ConditionText>> = {
  blind: {
    level: 'critical',
    title: 'The Audit API refuses our key',
    aboutAccount: true,
    problem: (account, detail, since) =>
      `Account "${account}" is not being watched: the Audit API has refused its API key since ${since}${because(detail)}. Whatever happens in the account is not seen until this is mended.`,
    action:
      'Check whether somebody changed or deleted the API secret: that alone may be the attack. Put the current secret into the configuration; polling resumes by itself and reads everything that was missed.',
    resolved: (account) =>
      `Account "${account}" is being watched again: the Audit API accepts its key. Events of the time in between are being read now.`,
  },
  stale: {
    level: 'high',
    title: 'Polling has stalled',
    aboutAccount: true,
    problem: (account, detail, since) =>
      `Account "${account}" has not been polled completely for too long${because(detail)}; noticed ${since}. New events are not seen until a pass succeeds.`,
    action:
      "Look at the monitor's log for poll.failed and api.retry, and at the network and the state of the Audit API. Nothing is lost: the next successful pass continues where the last one ended.",
    resolved: (account) =>
      `Account "${account}" is being polled again, from where the last complete pass ended.`,
  },
  parked: {
    level: 'high',
    title: 'Alerts cannot be delivered',
    aboutAccount: false,
    problem: (sink, detail, since) =>
      `Sink "${sink}" has refused alerts since ${since}${because(detail)}. They are parked: kept in the database, but not tried again by themselves. You get this through another sink.`,
    action: `Check the sink's URL, credentials and rights, and whether the receiver still exists. Then have the parked deliveries sent again.`,
    resolved: (sink) =>
      `Sink "${sink}" takes deliveries again. Those parked in the meantime stay parked until a person has them sent again.`,
  },
  circuit: {
    level: 'high',
    title: 'A receiver does not answer',
    aboutAccount: false,
    problem: (sink, detail, since) =>
      `Sink "${sink}" does not answer; noticed ${since}${because(detail)}. Its alerts wait in the outbox; it is tried again from time to time, and everything is sent when it answers. You get this through another sink.`,
    action:
      'Check whether the receiver is up and can be reached from the monitor (network, name, certificate, proxy). Nothing needs to be sent again by hand.',
    resolved: (sink) => `Sink "${sink}" answers again. What waited for it is being sent now.`,
  },
  drill: {
    level: 'high',
    title: 'A drill did not arrive',
    aboutAccount: false,
    problem: (sink, detail, since) =>
      `The drill for sink "${sink}" did not arrive in time; noticed ${since}${because(detail)}. A real alert would not arrive either. You get this through another sink.`,
    action:
      'Look at the deliveries of this sink (deliveries list --sink) and at the log for delivery.retry and delivery.parked; then check the receiver.',
    resolved: (sink) => `The drill for sink "${sink}" has arrived.`,
  },
  feed: {
    level: 'high',
    title: 'Events do not reach a sink',
    aboutAccount: false,
    problem: (sink, detail, since) =>
      `Sink "${sink}" has not taken all audit events it should be fed with since ${since}${because(detail)}. Events wait in the database in their order and are tried again, but what the sink looks at does not see them. You get this through another sink.`,
    action:
      "Check the receiver behind the sink, its credentials and what it says in the monitor's log lines feed.retry, feed.refused and feed.held. Nothing has to be sent again by hand while events wait; an event that was set aside is named in feed.refused.",
    resolved: (sink) =>
      `Sink "${sink}" takes audit events again, from where it stopped. Events that were set aside as refused are not sent again.`,
  },
  unverified: {
    level: 'medium',
    title: 'The trail could not be read with certainty',
    aboutAccount: true,
    problem: (account, detail, since) =>
      `The Audit API has contradicted itself about the trail of account "${account}" for good; noticed ${since}${because(detail)}. That time was read again and again; what it gave was stored and checked, but events may be missing.`,
    action:
      'Compare the time in question with the trail in the Vonage dashboard (the command "completeness" lists it), and report it to Vonage with the log lines window.unverified.',
    resolved: (account) =>
      `The trail of account "${account}" is complete again: everything that was doubtful has been read again and is verified.`,
  },
  clock_skew: {
    level: 'medium',
    title: 'Clocks disagree',
    aboutAccount: true,
    problem: (account, detail, since) =>
      `The clock of this machine and that of the Audit API have disagreed since ${since}${because(detail)}${account === '' ? '' : `, seen while polling account "${account}"`}. Events may be seen late, or behind the watermark.`,
    action: 'Check time synchronisation (NTP) on the machine that runs the monitor.',
    resolved: () => 'The clock of this machine and that of the Audit API agree again.',
  },
  rule_failing: {
    level: 'medium',
    title: 'A rule fails',
    aboutAccount: false,
    problem: (rule, detail, since) =>
      `Rule "${rule}" has failed on events since ${since}${because(detail)}. Those events were not checked by this rule; all other rules were evaluated.`,
    action: 'Look at the log for rule.failed, mend the rule, and check the events of that time by hand.',
    resolved: (rule) =>
      `Rule "${rule}" is evaluated without errors again. Events it failed on are not checked again.`,
  },
  config: {
    level: 'high',
    title: 'A changed configuration was refused',
    aboutAccount: false,
    problem: (_subject, detail, since) =>
      `The configuration or the rules have changed, and what they are now has been refused since ${since}${because(detail)}. The monitor goes on with what was in force before: nothing is lost, but what somebody wanted to change is not in force, and a restart would fail.`,
    action:
      'Run "check" with the same configuration file: it lists everything that is wrong, with file, line and column, as the log lines config.problem do. Once it is mended it is loaded by itself, or with SIGHUP.',
    resolved: () => 'Configuration and rules are right again, and in force as they are now.',
  },
  skew: {
    level: 'medium',
    title: 'Replicas work by different configurations',
    aboutAccount: false,
    problem: (_, detail, since) =>
      `The replicas of the monitor have worked by different configurations or rules for ten minutes${because(detail)}; noticed ${since}. Which rules an account is held against, and where its alerts go, depends on which replica reads it.`,
    action:
      'Give all replicas the same files, or finish the rollout. Look with "status" at which replica has which configuration, and in the log of each for config.reloaded and config.problem.',
    resolved: () => 'All replicas of the monitor work by the same configuration again.',
  },
  store: {
    level: 'critical',
    title: 'The database is in trouble',
    aboutAccount: false,
    problem: (_subject, detail, since) =>
      `The monitor has not been able to use its database since ${since}${because(detail)}. Without it no event is recorded and no alert decided.`,
    action:
      'Check free space, permissions and health of the disk that holds the database. The monitor goes on by itself once it can write; nothing that was committed is lost.',
    resolved: () => 'The monitor can write to its database again and continues where it stopped.',
  },
};

/** A point in time for people: `2026-01-02 03:04:05 UTC`. */
export const timeText = (ms: number): string =>
  `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

/** `2026-01-02 03:04:05 UTC, 2h 5m ago`; without the duration when it has only begun. */
export const sinceText = (sinceMs: number, nowMs: number): string =>
  nowMs - sinceMs < 1_000
    ? timeText(sinceMs)
    : `${timeText(sinceMs)}, ${formatDuration(nowMs - sinceMs)} ago`;
