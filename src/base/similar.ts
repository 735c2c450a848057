/** Edit distance with swapped neighbours counted once (optimal string alignment). Texts longer than 64 are cut. */
const distance = (first: string, second: string): number => {
  const a = first.slice(0, 64);
  const b = second.slice(0, 64);
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, (before[j - 2] ?? 0) + 1);
      row.push(best);
    }
    before = last;
    last = row;
  }
  return last[b.length] ?? 0;
};

/**
 * The candidate that `word` was probably meant to be, or undefined when none is near: at most a third of its
 * characters wrong (case and `-`/`_` not counted), or one the beginning of the other. The first of equally near candidates wins.
 */
export const similar = (word: string, candidates: Iterable<string>): string | undefined => {
  const plain = (text: string): string => text.toLowerCase().replaceAll('-', '_');
  const wanted = plain(word);
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of candidates) {
    const other = plain(candidate);
    const part =
      Math.min(wanted.length, other.length) >= 3 && (wanted.startsWith(other) || other.startsWith(wanted));
    const found = part ? 1 : distance(wanted, other);
    if (found < bestDistance) {
      best = candidate;
      bestDistance = found;
    }
  }
  return best;
};

/** `; did you mean "x"?` for the end of a message, or '' when nothing is near. */
export const didYouMean = (word: string, candidates: Iterable<string>): string => {
  const found = similar(word, candidates);
  return found === undefined ? '' : `; did you mean "${found}"?`;
};
