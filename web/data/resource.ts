import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { useCell } from './cell.ts';
import { comebacks } from './connection.ts';

/** Something that is asked of the monitor. Data of the same key stay while they are asked for again. */
export interface Resource<T> {
  readonly data: T | undefined;
  readonly error: Error | undefined;
  readonly loading: boolean;
  reload(): void;
}

interface Held<T> {
  readonly key: string;
  readonly data: T | undefined;
  readonly error: Error | undefined;
  readonly loading: boolean;
}

/** Asks when the key changes, when told to, and when the monitor is back. An undefined key asks nothing. */
export const useResource = <T>(
  key: string | undefined,
  load: (signal: AbortSignal) => Promise<T>,
): Resource<T> => {
  const [held, setHeld] = useState<Held<T>>({ key: '', data: undefined, error: undefined, loading: true });
  const [round, setRound] = useState(0);
  const back = useCell(comebacks);
  const latest = useRef(load);
  latest.current = load;
  useEffect(() => {
    if (key === undefined) return undefined;
    const ended = new AbortController();
    setHeld((old) => ({
      key,
      data: old.key === key ? old.data : undefined,
      error: old.key === key ? old.error : undefined,
      loading: true,
    }));
    const ask = async (): Promise<void> => {
      try {
        const data = await latest.current(ended.signal);
        if (!ended.signal.aborted) setHeld({ key, data, error: undefined, loading: false });
      } catch (error) {
        if (ended.signal.aborted) return;
        const shown = error instanceof Error ? error : new Error(String(error));
        setHeld((old) => ({ key, data: old.data, error: shown, loading: false }));
      }
    };
    void ask();
    return () => ended.abort();
  }, [key, round, back]);
  const reload = useCallback(() => setRound((n) => n + 1), []);
  if (held.key !== key) return { data: undefined, error: undefined, loading: key !== undefined, reload };
  return { data: held.data, error: held.error, loading: held.loading, reload };
};

/** Answers a function that calls `run` at most once in `ms`, and for sure once after the last call. */
export const useThrottled = (run: () => void, ms: number): (() => void) => {
  const latest = useRef(run);
  latest.current = run;
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return useCallback(() => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      latest.current();
    }, ms);
  }, [ms]);
};
