import { FAULT_KINDS, type Fault, type FaultOf, type FaultSetting, type Route } from './faults.ts';
import type { Rand } from './random.ts';

/** What a request is known by when faults are drawn for it. `page` only for lists. */
export interface Target {
  readonly account: string;
  readonly route: Route;
  readonly page?: number;
}

/** The faults that hold for one request. */
export interface ActiveFaults {
  /** The one of this kind that was set last, or undefined. */
  of<K extends Fault['kind']>(kind: K): FaultOf<K> | undefined;
}

/** The faults in force; they may be changed while the simulator runs, between any two requests. */
export interface FaultTable {
  /** Sets a fault, beside those in force; of one kind the last one wins. Returns its removal. */
  add(setting: FaultSetting): () => void;
  /** Removes all, or those of one kind. */
  clear(kind?: Fault['kind']): void;
  /** Those in force, oldest first; used-up ones are gone. */
  readonly settings: readonly FaultSetting[];
}

/** The side of a {@link FaultTable} that the server asks. */
export interface FaultDraws extends FaultTable {
  /** The faults for one request; counts down those set for the next so many. */
  drawRequest(target: Target): ActiveFaults;
  /** How long after its `created_at` an event added now becomes visible. Undefined: at once. */
  drawVisibilityMs(account: string): number | undefined;
}

/** Makes an empty table. `rand` decides what is drawn with a probability or from a range. */
export const createFaultTable = (rand: Rand): FaultDraws => {
  let rows: { readonly setting: FaultSetting; left: number }[] = [];

  const draw = (applies: (setting: FaultSetting) => boolean): ReadonlyMap<Fault['kind'], Fault> => {
    const drawn = new Map<Fault['kind'], Fault>();
    for (const row of rows) {
      const { setting } = row;
      if (!applies(setting)) continue;
      if (setting.probability !== undefined && !rand.chance(setting.probability)) continue;
      row.left -= 1;
      drawn.set(setting.kind, setting);
    }
    rows = rows.filter((row) => row.left > 0);
    return drawn;
  };

  return {
    add(setting) {
      check(setting);
      const row = { setting, left: setting.next ?? Number.POSITIVE_INFINITY };
      rows.push(row);
      return () => {
        rows = rows.filter((other) => other !== row);
      };
    },
    clear(kind) {
      rows = kind === undefined ? [] : rows.filter((row) => row.setting.kind !== kind);
    },
    get settings() {
      return rows.map((row) => row.setting);
    },
    drawRequest(target) {
      const drawn = draw(
        (setting) =>
          FAULT_KINDS[setting.kind] !== 'event' &&
          (FAULT_KINDS[setting.kind] !== 'list' || target.route === 'list') &&
          (setting.account === undefined || setting.account === target.account) &&
          (setting.route === undefined || setting.route === target.route) &&
          (setting.page === undefined || setting.page === target.page),
      );
      return {
        of: <K extends Fault['kind']>(kind: K) => drawn.get(kind) as FaultOf<K> | undefined,
      };
    },
    drawVisibilityMs(account) {
      if (!rows.some((row) => row.setting.kind === 'visibility')) return undefined;
      const drawn = draw(
        (setting) =>
          setting.kind === 'visibility' && (setting.account === undefined || setting.account === account),
      );
      const fault = drawn.get('visibility') as FaultOf<'visibility'> | undefined;
      if (fault === undefined) return undefined;
      if (typeof fault.delayMs === 'number') return fault.delayMs;
      return rand.int(fault.delayMs[0], fault.delayMs[1]);
    },
  };
};

/** Settings may come from a command line, so a misspelt one is refused instead of silently doing nothing. */
const check = (setting: FaultSetting): void => {
  if (!Object.hasOwn(FAULT_KINDS, setting.kind))
    throw new RangeError(
      `fault kind is ${JSON.stringify(setting.kind)}, allowed are ${Object.keys(FAULT_KINDS).join(', ')}`,
    );
  const { next, probability } = setting;
  if (next !== undefined && !(Number.isInteger(next) && next > 0))
    throw new RangeError(`next of fault ${setting.kind} is ${next}, allowed are whole numbers from 1`);
  if (probability !== undefined && !(probability >= 0 && probability <= 1))
    throw new RangeError(`probability of fault ${setting.kind} is ${probability}, allowed is 0 to 1`);
};
