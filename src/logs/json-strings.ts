/**
 * Rewrites a JSON text: every string in it, member names included, goes decoded through `map`; everything between the
 * strings (punctuation, numbers, literals) goes through `between`. `json` must be well formed. Scans instead of
 * parsing into values, so neither depth nor size of a hostile event can overflow the stack.
 */
export const mapJsonStrings = (
  json: string,
  map: (text: string) => string,
  between: (text: string) => string = (text) => text,
): string => {
  let out = '';
  let from = 0;
  for (;;) {
    const start = json.indexOf('"', from);
    if (start < 0) return out + between(json.slice(from));
    const end = endOfString(json, start);
    out += between(json.slice(from, start));
    const token = json.slice(start, end);
    const text = JSON.parse(token) as string;
    const mapped = map(text);
    out += mapped === text ? token : JSON.stringify(mapped);
    from = end;
  }
};

/** The index after the closing quote of the string that opens at `start`. */
const endOfString = (json: string, start: number): number => {
  for (let quote = json.indexOf('"', start + 1); quote >= 0; quote = json.indexOf('"', quote + 1)) {
    let first = quote;
    while (json[first - 1] === '\\') first -= 1;
    // An odd run of backslashes escapes the quote.
    if ((quote - first) % 2 === 0) return quote + 1;
  }
  throw new SyntaxError('a string in a JSON text is not closed');
};
