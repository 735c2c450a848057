/** What a rule says in plain English, without what stands beside it already: title and level. */
export const linesWithoutTitle = (lines: readonly string[], title: string): readonly string[] =>
  lines.filter((line, at) => at > 0 || !line.startsWith(title));

/** The same without the conditions, for where their tree stands beside it. */
export const linesWithoutConditions = (lines: readonly string[], title: string): readonly string[] =>
  linesWithoutTitle(lines, title).filter((line) => !/^\s*- |:$/.test(line));
