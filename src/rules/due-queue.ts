/** Keys by the time at which they have to be looked at, earliest first; equal times by key, so that order is certain. */
export interface DueQueue {
  /** Makes sure that `key` is looked at by `ms` at the latest; Infinity asks for nothing. */
  push(key: string, ms: number): void;
  /** The earliest time; Infinity when nothing waits. */
  nextMs(): number;
  /** Takes the earliest key. */
  pop(): { readonly key: string; readonly ms: number } | undefined;
}

interface Due {
  readonly key: string;
  readonly ms: number;
}

const before = (a: Due, b: Due): boolean => a.ms < b.ms || (a.ms === b.ms && a.key < b.key);

/** Makes an empty queue: a binary heap in which a key that was asked for earlier since is skipped. */
export const createDueQueue = (): DueQueue => {
  const heap: Due[] = [];
  const queued = new Map<string, number>();
  const at = (index: number): Due => heap[index] as Due;
  const swap = (a: number, b: number): void => {
    const kept = at(a);
    heap[a] = at(b);
    heap[b] = kept;
  };
  const takeTop = (): Due | undefined => {
    const top = heap[0];
    const last = heap.pop();
    if (heap.length === 0 || !last) return top;
    heap[0] = last;
    for (let index = 0; ; ) {
      let least = index;
      for (const child of [index * 2 + 1, index * 2 + 2])
        if (child < heap.length && before(at(child), at(least))) least = child;
      if (least === index) return top;
      swap(index, least);
      index = least;
    }
  };
  const dropStale = (): void => {
    for (let top = heap[0]; top && queued.get(top.key) !== top.ms; top = heap[0]) takeTop();
  };
  return {
    push(key, ms) {
      const known = queued.get(key);
      if (ms === Number.POSITIVE_INFINITY || (known !== undefined && known <= ms)) return;
      queued.set(key, ms);
      let index = heap.push({ key, ms }) - 1;
      for (
        let parent = (index - 1) >> 1;
        index > 0 && before(at(index), at(parent));
        parent = (index - 1) >> 1
      ) {
        swap(index, parent);
        index = parent;
      }
    },
    nextMs() {
      dropStale();
      return heap[0]?.ms ?? Number.POSITIVE_INFINITY;
    },
    pop() {
      dropStale();
      const top = takeTop();
      if (top) queued.delete(top.key);
      return top;
    },
  };
};
