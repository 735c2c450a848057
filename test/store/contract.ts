import { afterEach, beforeEach, describe } from 'vitest';
import type { Clock } from '../../src/core/clock.ts';
import type { PlannedDelivery } from '../../src/core/decided.ts';
import {
  explicitPlanner,
  type FoldedAlerts,
  type Planner,
  type PlannerMemory,
} from '../../src/core/planner.ts';
import type { Store } from '../../src/core/store.ts';
import { browseContract } from './contract-browse.ts';
import { collectContract } from './contract-collect.ts';
import { feedContract } from './contract-feeds.ts';
import { fleetContract } from './contract-fleet.ts';
import { foldingContract } from './contract-folding.ts';
import { historyContract } from './contract-history.ts';
import { leaseContract } from './contract-leases.ts';
import { outboxContract } from './contract-outbox.ts';
import { overviewContract } from './contract-overview.ts';
import { retentionContract } from './contract-retention.ts';
import { silenceContract } from './contract-silences.ts';
import { T0 } from './fixtures.ts';

/** A store under test: how to open it, again and in parallel, and how to remove what it left. */
export interface StoreUnderTest {
  /** Opens the same place each time it is called; a later call stands for a restart or for a second process. */
  open(now: Clock, planner: Planner): Promise<Store>;
  remove(): Promise<void>;
}

/** What the contract's tests work with; fresh for each test. */
export interface Bench {
  store: Store;
  /** The time the store sees. */
  nowMs: number;
  /**
   * How alerts travel that name no sinks; nowhere unless a test says so. Called with what the store remembers for it,
   * inside the transaction that stores the alert.
   */
  plan: (name: string, memory: PlannerMemory, nowMs: number) => readonly PlannedDelivery[];
  /** What the planner was asked to sum up. */
  folded: FoldedAlerts[];
  /** When a sink may be told what a silence hid; at once unless a test says so. */
  toldAtMs: Planner['toldAtMs'];
  /** Opens the same store once more, beside the first. */
  again(): Promise<Store>;
  /** Closes the store and opens it again. */
  restart(): Promise<void>;
}

/** The tests that every implementation of the store ports must pass. */
export const storeContract = (name: string, create: () => Promise<StoreUnderTest>): void => {
  describe(`${name} store`, () => {
    const bench = {} as Bench;
    let place: StoreUnderTest;
    let opened: Store[] = [];

    beforeEach(async () => {
      place = await create();
      const now: Clock = () => bench.nowMs;
      bench.nowMs = T0 + 100_000;
      bench.plan = () => [];
      bench.folded = [];
      bench.toldAtMs = explicitPlanner.toldAtMs;
      const planner: Planner = {
        ...explicitPlanner,
        plan(request, memory, nowMs) {
          if (request.sinks !== undefined) return explicitPlanner.plan(request, memory, nowMs);
          const deliveries = bench.plan(request.alert.message, memory, nowMs);
          return { alert: request.alert, sinks: deliveries.map(({ sink }) => sink), deliveries };
        },
        summarise(folded, nowMs) {
          bench.folded.push(folded);
          return explicitPlanner.summarise(folded, nowMs);
        },
        toldAtMs: (hidden, sink, nowMs) => bench.toldAtMs(hidden, sink, nowMs),
      };
      bench.again = async () => {
        const store = await place.open(now, planner);
        opened.push(store);
        return store;
      };
      bench.restart = async () => {
        await bench.store.close();
        opened = opened.filter((store) => store !== bench.store);
        bench.store = await bench.again();
      };
      bench.store = await bench.again();
    });
    afterEach(async () => {
      for (const store of opened.splice(0)) await store.close();
      await place.remove();
    });

    describe('collect', () => {
      collectContract(bench);
    });
    describe('leases', () => {
      leaseContract(bench);
    });
    describe('outbox and conditions', () => {
      outboxContract(bench);
    });
    describe('folding', () => {
      foldingContract(bench);
    });
    describe('silences', () => {
      silenceContract(bench);
    });
    describe('history and status', () => {
      historyContract(bench);
    });
    describe('browsing', () => {
      browseContract(bench);
    });
    describe('overview', () => {
      overviewContract(bench);
    });
    describe('feeds', () => {
      feedContract(bench);
    });
    describe('fleet rules', () => {
      fleetContract(bench);
    });
    describe('retention', () => {
      retentionContract(bench);
    });
  });
};
