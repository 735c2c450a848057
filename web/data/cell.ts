import { useEffect, useState } from 'preact/hooks';

/** A value that components follow. */
export interface Cell<T> {
  get(): T;
  /** Tells everybody who follows, unless it is the same value. */
  set(value: T): void;
  /** Answers the function that ends it. */
  follow(listener: () => void): () => void;
}

export const createCell = <T>(initial: T): Cell<T> => {
  let current = initial;
  const listeners = new Set<() => void>();
  return {
    get: () => current,
    set(value) {
      if (Object.is(value, current)) return;
      current = value;
      // Whoever is added meanwhile has the new value already.
      const known = [...listeners];
      for (const listener of known) listener();
    },
    follow(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
};

/** The value of a cell; the component is drawn again when it changes. */
export const useCell = <T>(cell: Cell<T>): T => {
  const [value, setValue] = useState(() => cell.get());
  useEffect(() => {
    // It may have changed between drawing and this.
    setValue(() => cell.get());
    return cell.follow(() => setValue(() => cell.get()));
  }, [cell]);
  return value;
};
