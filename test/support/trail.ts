import type { AuditPage, AuditReader } from '../../src/core/audit-reader.ts';
import type { AuditEvent, QuarantinedEvent } from '../../src/core/event.ts';

/** An event of a made-up trail: when it says it happened, and when the API begins to show it. */
export interface TrailEvent {
  readonly id: string;
  readonly createdAtMs: number;
  readonly visibleAtMs: number;
}

/** How the made-up API misbehaves. */
export interface TrailHabits {
  readonly order: 'newest' | 'oldest' | 'shuffled';
  readonly fromInclusive: boolean;
  readonly toInclusive: boolean;
  /** Before page n (n > 1) of every k-th paging, the clock of the API moves on: events may appear between pages. */
  readonly shiftMs: number;
  /** Repeats the last event of a page as the first of the next. */
  readonly duplicates: boolean;
}

/** An AuditReader over a made-up trail. Not the API's wire format: the simulator is for that. */
export const createTrail = (options: {
  readonly account: string;
  readonly events: readonly TrailEvent[];
  readonly habits: TrailHabits;
  readonly pageSize: number;
  readonly now: () => number;
  readonly random: () => number;
}): AuditReader & { requests: number } => {
  const trail = {
    requests: 0,
    async readPage({
      fromMs,
      toMs,
      page,
    }: {
      fromMs: number;
      toMs: number;
      page: number;
    }): Promise<AuditPage> {
      trail.requests += 1;
      const { habits } = options;
      const nowMs = options.now() + (page > 1 ? habits.shiftMs * Math.floor(options.random() * 2) : 0);
      const inside = options.events.filter(
        (event) =>
          event.visibleAtMs <= nowMs &&
          (habits.fromInclusive ? event.createdAtMs >= fromMs : event.createdAtMs > fromMs) &&
          (habits.toInclusive ? event.createdAtMs <= toMs : event.createdAtMs < toMs),
      );
      const ordered = inside.toSorted((a, b) =>
        habits.order === 'newest' ? b.createdAtMs - a.createdAtMs : a.createdAtMs - b.createdAtMs,
      );
      if (habits.order === 'shuffled') shuffle(ordered, options.random);
      const start = (page - 1) * options.pageSize - (habits.duplicates && page > 1 ? 1 : 0);
      const slice = ordered.slice(start, page * options.pageSize);
      return {
        events: slice.map((event) => auditEvent(options.account, event)),
        quarantined: [],
        count: slice.length,
        totalElements: ordered.length,
        number: page,
        clockSkewMs: undefined,
      };
    },
  };
  return trail;
};

/** An AuditEvent as the client would make it. */
export const auditEvent = (
  account: string,
  event: {
    readonly id: string;
    readonly createdAtMs: number;
    readonly type?: string;
    readonly fields?: object;
  },
): AuditEvent => {
  const fields = {
    id: event.id,
    event_type: event.type ?? 'APP_CREATE',
    created_at: new Date(event.createdAtMs).toISOString().slice(0, 19),
    ...event.fields,
  };
  return {
    id: event.id,
    account,
    eventType: fields.event_type,
    createdAtMs: event.createdAtMs,
    json: JSON.stringify(fields),
    fields,
  };
};

/** A page as an AuditReader answers it, with the usual values where the test does not care. */
export const auditPage = (
  page: Partial<AuditPage> & { readonly events: readonly AuditEvent[] },
): AuditPage => ({
  quarantined: [] as readonly QuarantinedEvent[],
  count: page.events.length + (page.quarantined?.length ?? 0),
  totalElements: page.events.length + (page.quarantined?.length ?? 0),
  number: 1,
  clockSkewMs: undefined,
  ...page,
});

const shuffle = (items: unknown[], random: () => number): void => {
  for (let i = items.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    [items[i], items[j]] = [items[j], items[i]];
  }
};
