/** A number for people: `12,345`. */
export const grouped = (value: number): string => value.toLocaleString('en-US');

/** `1 rule`, `2 rules`, `no rule`. */
export const counted = (count: number, what: string): string =>
  count === 0 ? `no ${what}` : `${grouped(count)} ${what}${count === 1 ? '' : 's'}`;
