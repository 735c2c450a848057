import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { Alert } from '../../src/core/alert.ts';
import type { Sink, Verdict } from '../../src/core/delivery.ts';
import { hostileAlert, hugeAlert, sampleAlert, sampleDelivery } from './sample.ts';

/** What arrived at the far end of a sink. */
interface Arrival {
  /** What a receiver would recognise a repetition by. */
  readonly identity: string;
  /** Everything of the arrival that must be the same on every attempt. */
  readonly content: string;
  /** Size of the message as it came over the wire, without its envelope. */
  readonly bytes: number;
}

/** A sink and its far end, ready. */
export interface Rig {
  readonly sink: Sink;
  /** What the far end took so far. */
  arrivals(): readonly Arrival[];
  /** Fails when what arrived is malformed, over a limit of the far end, or says what the alert's text smuggled in. */
  inspect(alert: Alert): void;
  /** Resolves when a request or connection has reached a far end that does not answer. */
  reached(): Promise<unknown>;
  /** Resolves when the far end has no connection left. */
  disconnected(): Promise<void>;
  close(): Promise<void>;
}

/** One way in which the far end can behave, and what the sink must make of it. */
export interface Case {
  readonly name: string;
  /** Arranges the behaviour. */
  readonly arrange: (rig: Rig) => void | Promise<void>;
  readonly outcome: Verdict['outcome'];
  /** What the reason or receipt must tell. */
  readonly tells?: RegExp;
  /** The wish of the receiver that the verdict must carry. */
  readonly afterMs?: number;
  /** The status of the receiver that the verdict must carry; undefined: none. */
  readonly status?: number;
}

/** What the contract needs to know of a kind of sink. */
export interface SinkUnderTest {
  readonly type: string;
  /** Opens both ends; `timeout` is the sink's option of that name. */
  readonly open: (timeout: string) => Promise<Rig>;
  /** The status that the far end gives when it takes something; undefined for one that gives none. */
  readonly status: number | undefined;
  /** Texts that must not appear in any receipt or reason. */
  readonly secrets: readonly string[];
  readonly cases: readonly Case[];
  /** Makes the far end silent; undefined for a sink that waits for nobody. */
  readonly silence?: (rig: Rig) => void;
}

/** The text of a verdict, whatever it is. */
export const textOf = (verdict: Verdict): string =>
  verdict.outcome === 'sent' ? verdict.receipt : verdict.reason;

/** What every sink owes the outbox. Each kind of sink runs it, with its own far end. */
export const sinkContract = (subject: SinkUnderTest): void => {
  describe(`contract of a sink: ${subject.type}`, () => {
    const rigs: Rig[] = [];
    const open = async (timeout = '20s'): Promise<Rig> => {
      const rig = await subject.open(timeout);
      rigs.push(rig);
      return rig;
    };
    afterEach(async () => {
      for (const rig of rigs.splice(0)) {
        await rig.sink.close();
        await rig.close();
      }
    });
    const never = new AbortController().signal;

    const checkText = (verdict: Verdict): void => {
      const text = textOf(verdict);
      expect(text).not.toBe('');
      expect(text.length).toBeLessThanOrEqual(300);
      // No control characters, half characters or line ends: it goes into log lines and tables.
      expect(text).not.toMatch(/\p{Cc}/u);
      expect(text.isWellFormed()).toBe(true);
      for (const secret of subject.secrets) expect(text).not.toContain(secret);
    };

    it('tells its name, its type and how much it takes at once', async () => {
      const { sink } = await open();
      expect(sink.name).toBe('sink');
      expect(sink.type).toBe(subject.type);
      expect(sink.concurrency).toBeGreaterThan(0);
    });

    it('hands over a usual alert, and says so', async () => {
      const rig = await open();
      const verdict = await rig.sink.send(sampleDelivery(), never);
      expect(verdict.outcome).toBe('sent');
      checkText(verdict);
      expect(rig.arrivals()).toHaveLength(1);
      rig.inspect(sampleAlert());
    });

    it('tells the status it was answered with and how many bytes it sent', async () => {
      const rig = await open();
      const verdict = await rig.sink.send(sampleDelivery(), never);
      expect(verdict.status).toBe(subject.status);
      expect(verdict.bytes).toBe(rig.arrivals()[0]?.bytes);
      expect(verdict.bytes).toBeGreaterThan(100);
    });

    it.each<[string, Partial<Alert>, RegExp]>([
      ['a drill', { kind: 'drill' }, /drill/i],
      ['an end', { status: 'resolved', kind: 'system' }, /resolved/i],
    ])('marks %s visibly', async (_name, change, mark) => {
      const rig = await open();
      await rig.sink.send(sampleDelivery(sampleAlert(change)), never);
      expect(rig.arrivals()[0]?.content).toMatch(mark);
    });

    it.each<[string, () => Alert]>([
      ['hostile text', hostileAlert],
      ['more text than any receiver takes', hugeAlert],
      [
        'no text at all',
        () =>
          sampleAlert({
            message: '',
            account: '',
            fields: [{ name: '', value: '' }],
            events: [],
            eventIds: [],
            eventTypes: [],
            rule: { id: '', title: '', level: 'low', tags: [], references: [] },
          }),
      ],
      ['times that are none', () => sampleAlert({ createdAtMs: Number.NaN, decidedAtMs: 1e20 })],
    ])('hands over an alert with %s, harmlessly', async (_name, alert) => {
      const rig = await open();
      const verdict = await rig.sink.send(sampleDelivery(alert()), never);
      expect(verdict.outcome).toBe('sent');
      checkText(verdict);
      expect(rig.arrivals()).toHaveLength(1);
      rig.inspect(alert());
    });

    it('keeps identity and content the same on every attempt', async () => {
      const rig = await open();
      await rig.sink.send(sampleDelivery(sampleAlert(), 1), never);
      await rig.sink.send(sampleDelivery(sampleAlert(), 2), never);
      await rig.sink.send(sampleDelivery(sampleAlert({ id: 'another' })), never);
      const [first, second, other] = rig.arrivals();
      expect(first?.identity).not.toBe('');
      expect(second).toEqual(first);
      expect(other?.identity).not.toBe(first?.identity);
    });

    it.each(subject.cases)(
      'answers $outcome to $name',
      async ({ arrange, outcome, tells, afterMs, status }) => {
        const rig = await open();
        await arrange(rig);
        const verdict = await rig.sink.send(sampleDelivery(), never);
        expect(verdict).toMatchObject({ outcome });
        checkText(verdict);
        expect(textOf(verdict)).toMatch(tells ?? /./);
        expect(verdict.outcome === 'retry' ? verdict.afterMs : undefined).toBe(afterMs);
        expect(verdict.status).toBe(status);
      },
    );

    it('answers retry without sending anything when it is called off before it began', async () => {
      const rig = await open();
      const verdict = await rig.sink.send(sampleDelivery(), AbortSignal.abort());
      expect(verdict.outcome).toBe('retry');
      checkText(verdict);
      expect(rig.arrivals()).toHaveLength(0);
    });

    const silences = subject.silence === undefined ? [] : [subject.silence];
    describe.each(silences)('with a far end that can be silent', (silence) => {
      it('answers retry promptly when it is called off in the middle', async () => {
        const rig = await open();
        silence(rig);
        const caller = new AbortController();
        let verdict: Verdict | undefined;
        const sending = rig.sink.send(sampleDelivery(), caller.signal).then((answer) => (verdict = answer));
        await rig.reached();
        expect(verdict).toBeUndefined();
        const abortedAt = performance.now();
        caller.abort();
        await sending;
        expect(performance.now() - abortedAt).toBeLessThan(250);
        expect(verdict?.outcome).toBe('retry');
        checkText(verdict as unknown as Verdict);
      });

      it('answers retry when the far end is silent for longer than the timeout', async () => {
        const rig = await open('120ms');
        silence(rig);
        const verdict = await rig.sink.send(sampleDelivery(), never);
        expect(verdict.outcome).toBe('retry');
        expect(textOf(verdict)).toMatch(/no answer within/);
        checkText(verdict);
      });

      it('takes sends at once, up to its concurrency and beyond', async () => {
        const rig = await open();
        const count = rig.sink.concurrency * 3;
        const verdicts = await Promise.all(
          Array.from({ length: count }, (_, n) =>
            rig.sink.send(sampleDelivery(sampleAlert({ id: `a${n}` })), never),
          ),
        );
        expect(verdicts.map(({ outcome }) => outcome)).toEqual(verdicts.map(() => 'sent'));
        expect(new Set(rig.arrivals().map(({ identity }) => identity)).size).toBe(count);
      });
    });

    it('leaves no listener on the signal of its caller', async () => {
      const rig = await open();
      const { signal } = new AbortController();
      let balance = 0;
      const add = signal.addEventListener.bind(signal);
      const remove = signal.removeEventListener.bind(signal);
      signal.addEventListener = (...all: Parameters<typeof add>) => {
        balance += 1;
        add(...all);
      };
      signal.removeEventListener = (...all: Parameters<typeof remove>) => {
        balance -= 1;
        remove(...all);
      };
      await rig.sink.send(sampleDelivery(), signal);
      expect(balance).toBe(0);
    });

    it('lets go of everything when it is closed', async () => {
      const rig = await open();
      await rig.sink.send(sampleDelivery(), never);
      await rig.sink.close();
      await rig.disconnected();
      await turn();
      const verdict = await rig.sink.send(sampleDelivery(), never);
      // Late callers are told, not thrown at; a log has nothing to close.
      checkText(verdict);
      expect(['retry', 'sent']).toContain(verdict.outcome);
    });
  });
};
