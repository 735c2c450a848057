import { useEffect, useMemo } from 'preact/hooks';
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
  const list = useMemo(() => createCursorList(load, keyOf), [key, back]);
  useEffect(() => () => list.close(), [list]);
  return list;
};
