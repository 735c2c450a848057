import { LEVELS, type Summary, type SummaryMember, type SummaryReason } from '../core/alert.ts';
import { labelFor } from './presentation.ts';
import { fit, oneLine, readableTime } from './text.ts';

/* Longest texts of one member: a digest is read at a glance, the whole alerts are in the store. */
const MAX_TITLE = 120;
const MAX_MESSAGE = 400;

const REASONS: Readonly<Record<SummaryReason, string>> = {
  suppressed: 'The rule told the first of these at once and held back the others, as its `suppress` says.',
  group: 'These alerts belong together and were collected into one message, as their route says.',
  backlog: 'More alerts waited here than can be read one by one, so they were folded into one message.',
  held: 'These alerts were held back until now, as their route says.',
  silenced: 'A silence hid these alerts; it has ended.',
};

/** One alert of a digest, ready for a reader. Texts are cut but not escaped. */
export interface DigestLine {
  readonly member: SummaryMember;
  /** `CRITICAL`, `DRILL HIGH`, `MONITOR RESOLVED`. */
  readonly label: string;
  readonly when: string;
  readonly title: string;
  /** '' for an alert about the monitor as a whole. */
  readonly account: string;
  readonly message: string;
}

/** What a summary shows its reader: why, how many, which, and how many more. */
export interface Digest {
  readonly reason: string;
  /** `12 alerts: 2 critical, 10 high`. */
  readonly counts: string;
  readonly lines: readonly DigestLine[];
  /** `… and 3 more`, or undefined when all are listed. */
  readonly more: string | undefined;
}

/** The digest of a summary with at most `max` alerts listed, the most severe first, as they stand in the summary. */
export const digestOf = (summary: Summary, max: number): Digest => {
  const lines = summary.members.slice(0, max).map(
    (member): DigestLine => ({
      member,
      label: labelFor(member),
      when: readableTime(member.createdAtMs),
      title: fit(member.title, MAX_TITLE, oneLine),
      account: fit(member.account, MAX_TITLE, oneLine),
      message: fit(member.message, MAX_MESSAGE, oneLine),
    }),
  );
  return {
    reason: REASONS[summary.reason],
    counts: countsOf(summary),
    lines,
    more: moreText(summary, lines.length),
  };
};

/** `… and 3 more` when a summary has more alerts than the `shown` ones. */
export const moreText = ({ total }: Summary, shown: number): string | undefined =>
  total > shown ? `… and ${total - shown} more` : undefined;

const countsOf = ({ total, levels }: Summary): string => {
  const counts = LEVELS.toReversed().flatMap((level) => {
    const count = levels[level] ?? 0;
    return count === 0 ? [] : [`${count} ${level}`];
  });
  return `${total} ${total === 1 ? 'alert' : 'alerts'}${counts.length === 0 ? '' : `: ${counts.join(', ')}`}`;
};
