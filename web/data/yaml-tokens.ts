/** A piece of YAML source with what it is. */
export interface YamlToken {
  readonly text: string;
  readonly kind: 'plain' | 'key' | 'string' | 'number' | 'comment' | 'mark';
}

/* Colours for people, nothing more: a text it reads wrongly is still shown as it stands. */

const valueTokens = (text: string): readonly YamlToken[] => {
  const tokens: YamlToken[] = [];
  // A quoted text, a comment after white space, a mark of a flow collection, or anything up to the next of these.
  const shape =
    /("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')|((?:^|\s)#.*$)|([[\]{},|>&*!](?=\s|$|[[\]{},])|[[\]{},])|((?:[^\s"'[\]{},#]|\S#)+|\s+|.)/g;
  for (const [whole, quoted, comment, mark] of text.matchAll(shape)) {
    const kind =
      quoted !== undefined
        ? 'string'
        : comment !== undefined
          ? 'comment'
          : mark !== undefined
            ? 'mark'
            : /^(?:-?\d[\d._]*|true|false|null|yes|no)$/i.test(whole)
              ? 'number'
              : 'plain';
    tokens.push({ text: whole, kind });
  }
  return tokens;
};

/** YAML line by line, as tokens whose texts together are the source. */
export const yamlLines = (source: string): readonly (readonly YamlToken[])[] => {
  let blockIndent: number | undefined;
  return source.split(/\r?\n/).map((line) => {
    const indent = line.search(/\S/);
    if (indent === -1) return [{ text: line, kind: 'plain' }];
    if (blockIndent !== undefined && indent > blockIndent) return [{ text: line, kind: 'string' }];
    blockIndent = undefined;
    if (/^\s*#/.test(line)) return [{ text: line, kind: 'comment' }];
    const parts =
      /^(\s*(?:- +)*)(?:((?:[^\s:#'"[\]{},]|:(?=\S))[^:#]*?|"[^"]*"|'[^']*')(\s*:)(?=\s|$))?(.*)$/.exec(line);
    const [, lead = '', key, colon = '', rest = ''] = parts ?? [];
    if (/[|>][+-]?\d*\s*(?:#.*)?$/.test(rest)) blockIndent = indent;
    return [
      { text: lead, kind: 'mark' },
      ...(key === undefined
        ? []
        : [{ text: key, kind: 'key' } as const, { text: colon, kind: 'mark' } as const]),
      ...valueTokens(rest),
    ];
  });
};
