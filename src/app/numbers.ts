/** A number for people: `12,345`. */
export const grouped = (value: number): string => value.toLocaleString('en-US');

/** `1 rule`, `2 rules`, `no rule`; the plural is given where it is not made with an `s`. */
export const counted = (count: number, what: string, plural = `${what}s`): string =>
  count === 0 ? `no ${what}` : `${grouped(count)} ${count === 1 ? what : plural}`;
