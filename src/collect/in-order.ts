/**
 * Reads `from` to `to` (inclusive) with several under way at once, and takes the answers in order as they come: while one
 * is taken the next ones are already on their way. Ends when all are taken, or when `take` answers false; answers still
 * under way then are dropped, and calling them off is the caller's business. Rejects as soon as any of them fails.
 */
export const inOrder = async <T>(
  range: { readonly from: number; readonly to: number; readonly places: number },
  read: (number: number) => Promise<T>,
  take: (answer: T, number: number) => boolean,
): Promise<void> => {
  const underWay: Promise<T>[] = [];
  const failure = Promise.withResolvers<never>();
  // Also when nobody asks any more it must not count as unhandled.
  failure.promise.catch(() => undefined);
  let next = range.from;
  const fill = (): void => {
    for (; underWay.length < range.places && next <= range.to; next += 1) {
      const reading = read(next);
      reading.catch(failure.reject);
      underWay.push(reading);
    }
  };
  fill();
  for (let number = range.from; number <= range.to; number += 1) {
    const answer = await Promise.race([underWay.shift() as Promise<T>, failure.promise]);
    fill();
    if (!take(answer, number)) return;
  }
};
