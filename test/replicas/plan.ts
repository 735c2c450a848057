import { type Variant, variantOf } from './variant.ts';

/** What is done to replicas and their database. Times in ms. */
export type Fault =
  /** Killed, and started again after a while. */
  | { readonly kind: 'kill'; readonly replica: number; readonly forMs: number }
  /** Stopped for longer than a lease lasts, or shortly; then it goes on where it was. */
  | { readonly kind: 'sleep'; readonly replica: number; readonly forMs: number }
  /** Asked to end, and started again after a while. */
  | { readonly kind: 'leave'; readonly replica: number; readonly forMs: number }
  /** Its connections to the database are cut once. */
  | { readonly kind: 'cut'; readonly replica: number }
  /** It cannot reach the database. */
  | { readonly kind: 'lose'; readonly replica: number; readonly forMs: number }
  /** Nothing moves between it and the database, and nobody is told. */
  | { readonly kind: 'freeze'; readonly replica: number; readonly forMs: number }
  /** Its connections to the database never answer again, and nobody is told; new ones work. */
  | { readonly kind: 'strand'; readonly replica: number }
  /** The database is down for all, after an orderly end or a crash. */
  | { readonly kind: 'database'; readonly how: 'order' | 'crash'; readonly forMs: number }
  /**
   * The database is lost with what it has committed lately, and a standby that lacks it takes its place. `moved`: a replica that was
   * ended and started again in that time, so that who holds what is lost, too; it is `deaf` for so long that it learns late of the
   * other server.
   */
  | {
      readonly kind: 'failover';
      readonly forMs: number;
      readonly moved: number | undefined;
      readonly deafMs: number;
    }
  /** All replicas get another configuration: each ends and starts again, one after the other. */
  | { readonly kind: 'roll'; readonly variant: Variant; readonly first: number }
  /** All replicas read another configuration while they run, some later than others. */
  | { readonly kind: 'reload'; readonly variant: Variant; readonly gapsMs: readonly number[] };

/** A fault and when it comes. */
export interface Step {
  readonly fault: Fault;
  /** Whether all is well again before the next one comes. Else that comes after {@link pauseMs}, in the middle of it. */
  readonly calm: boolean;
  readonly pauseMs: number;
}

/** What a plan is drawn from. */
export interface PlanOptions {
  readonly faults: number;
  readonly replicas: number;
  readonly leaseMs: number;
  readonly random: () => number;
  /** Only faults of this kind. */
  readonly only?: string | undefined;
}

type Draw = (number: number) => Fault;

/** Draws a plan: every kind comes in turn, in an order that is drawn anew each round. The same numbers make the same plan. */
export const drawPlan = ({ faults, replicas, leaseMs, random, only }: PlanOptions): readonly Step[] => {
  const upTo = (most: number): number => Math.floor(random() * most);
  const replica = (): number => upTo(replicas);
  const draws: Draw[] = [
    () => ({ kind: 'kill', replica: replica(), forMs: upTo(leaseMs * 1.5) }),
    () => ({ kind: 'kill', replica: replica(), forMs: upTo(leaseMs / 2) }),
    () => ({ kind: 'sleep', replica: replica(), forMs: Math.round(leaseMs * (1.1 + random())) }),
    () => ({ kind: 'sleep', replica: replica(), forMs: Math.round(leaseMs * (0.6 + random())) }),
    () => ({ kind: 'leave', replica: replica(), forMs: upTo(leaseMs) }),
    () => ({ kind: 'cut', replica: replica() }),
    () => ({ kind: 'lose', replica: replica(), forMs: Math.round(leaseMs * (0.2 + 1.8 * random())) }),
    () => ({ kind: 'freeze', replica: replica(), forMs: Math.round(leaseMs * (0.5 + 1.5 * random())) }),
    () => ({ kind: 'database', how: 'order', forMs: upTo(leaseMs * 1.5) }),
    () => ({ kind: 'database', how: 'crash', forMs: upTo(leaseMs * 1.5) }),
    () => ({
      kind: 'failover',
      forMs: Math.round(leaseMs * (0.2 + 0.6 * random())),
      moved: random() < 0.7 ? replica() : undefined,
      deafMs: random() < 0.6 ? upTo(leaseMs) : 0,
    }),
    (number) => ({ kind: 'roll', variant: variantOf(number, random), first: replica() }),
    (number) => ({
      kind: 'reload',
      variant: variantOf(number, random),
      gapsMs: Array.from({ length: replicas }, () => upTo(leaseMs)),
    }),
  ];
  // Takes a minute each time, until the queries that hang have timed out: only on request.
  if (only === 'strand') draws.push(() => ({ kind: 'strand', replica: replica() }));
  const plan: Step[] = [];
  let round: Draw[] = [];
  for (let number = 1; number <= faults; number += 1) {
    if (round.length === 0) round = draws.filter((draw) => only === undefined || draw(0).kind === only);
    const [draw] = round.splice(upTo(round.length), 1);
    if (!draw) throw new Error(`there are no faults of kind ${only}`);
    const calm = number === faults || random() < 0.6;
    plan.push({ fault: draw(number), calm, pauseMs: upTo(leaseMs) });
  }
  return plan;
};
