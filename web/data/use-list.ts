import { useEffect, useRef } from 'preact/hooks';
import { useCell } from './cell.ts';
import { comebacks } from './connection.ts';
import { type CursorList, createCursorList, type ListPart } from './cursor-list.ts';

/** A list for what `key` says; a new one when the key changes or the monitor is back after it was away. */
export const useCursorList = <T>(
  key: string,
  load: (cursor: string | undefined, signal: AbortSignal) => Promise<ListPart<T>>,
  keyOf: (row: T) => string,
): CursorList<T> => {
  const back = useCell(comebacks);
  // `load` and `keyOf` are made anew with every drawing; what they do depends on the key alone.
  const made = useRef<{ readonly of: string; readonly list: CursorList<T> } | undefined>(undefined);
  const of = `${back} ${key}`;
  if (made.current?.of !== of) made.current = { of, list: createCursorList(load, keyOf) };
  const { list } = made.current;
  useEffect(() => () => list.close(), [list]);
  return list;
};
