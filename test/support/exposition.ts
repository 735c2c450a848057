/** One line of `/metrics` that is no comment. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One metric of `/metrics`. */
export interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

const LABELS = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/gy;

const labelsOf = (text: string): Record<string, string> => {
  const labels: Record<string, string> = {};
  LABELS.lastIndex = 0;
  let end = 0;
  for (let found = LABELS.exec(text); found; found = LABELS.exec(text)) {
    const [, name = '', raw = ''] = found;
    if (name in labels) throw new Error(`label ${name} twice: ${text}`);
    labels[name] = raw.replaceAll(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char));
    end = LABELS.lastIndex;
  }
  if (end !== text.length) throw new Error(`no labels: ${text}`);
  return labels;
};

/** Reads the Prometheus text format, strictly. Throws for whatever a scraper would refuse. */
export const parseExposition = (page: string): readonly Family[] => {
  if (!page.endsWith('\n')) throw new Error('the last line has no end');
  const families = new Map<string, { name: string; type: string; help: string; samples: Sample[] }>();
  let current: { name: string; type: string; help: string; samples: Sample[] } | undefined;
  const seen = new Set<string>();
  for (const line of page.split('\n').slice(0, -1)) {
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/s.exec(line);
    if (comment) {
      const [, kind, name = '', rest = ''] = comment;
      if (kind === 'HELP') {
        if (families.has(name)) throw new Error(`${name} comes twice`);
        current = { name, type: '', help: rest, samples: [] };
        families.set(name, current);
      } else {
        if (current?.name !== name) throw new Error(`TYPE of ${name} stands apart from its HELP`);
        current.type = rest;
      }
      continue;
    }
    if (line === '') continue;
    const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/s.exec(line);
    if (!sample) throw new Error(`no line of the format: ${line}`);
    const [, name = '', labels = '', text = ''] = sample;
    const value = text === '+Inf' ? Infinity : text === 'NaN' ? Number.NaN : Number(text);
    // In any case, as the parser of Prometheus takes it.
    if (Number.isNaN(value) && !/^nan$/i.test(text)) throw new Error(`no number: ${line}`);
    const own =
      current &&
      (name === current.name ||
        (current.type === 'histogram' && name.replace(/_(bucket|sum|count)$/, '') === current.name));
    if (!current || !own) throw new Error(`a sample outside of its metric: ${line}`);
    const identity = `${name}{${labels}}`;
    if (seen.has(identity)) throw new Error(`a series twice: ${identity}`);
    seen.add(identity);
    current.samples.push({ name, labels: labelsOf(labels), value });
  }
  return [...families.values()];
};

const BASE_UNITS = ['seconds', 'bytes', 'ratio', 'info', 'timestamp_seconds'];
/** Units that are not the base unit of their kind, or are cut short. */
const OTHER_UNITS =
  /_(milliseconds|ms|sec|secs|minutes|hours|days|kilobytes|kb|mb|megabytes|percent|microseconds|us|ns|nanoseconds)(_|$)/;
const TYPES = ['counter', 'gauge', 'histogram', 'summary'];
/** So much of one metric is no label set that is bounded by a configuration. */
const MANY = 500;

/** What `promtool check metrics` would complain of, and more of what its authors advise. Empty: nothing. */
export const lintExposition = (families: readonly Family[]): readonly string[] =>
  families.flatMap(({ name, type, help, samples }) => {
    const problems: string[] = [];
    const wrong = (text: string): void => void problems.push(`${name}: ${text}`);
    if (help.trim() === '') wrong('has no help text');
    if (!TYPES.includes(type)) wrong(`is of no type: ${type}`);
    if (type === 'counter' && !name.endsWith('_total')) wrong('is a counter and does not end in _total');
    if (type !== 'counter' && name.endsWith('_total')) wrong('ends in _total and is no counter');
    if (/_(count|sum|bucket)$/.test(name)) wrong('ends as only parts of a histogram do');
    if (name.endsWith('_info') && samples.some(({ value }) => value !== 1))
      wrong('is an info and not always 1');
    if (new RegExp(`_(${TYPES.join('|')})$`).test(name)) wrong('says its type');
    if (/[A-Z]/.test(name)) wrong('is not in snake case');
    if (OTHER_UNITS.test(name)) wrong('is in a unit that is no base unit');
    if (type === 'histogram' && !name.endsWith('_seconds')) wrong('is a histogram without its unit');
    if (samples.length > MANY) wrong(`has ${samples.length} series`);
    for (const { labels, value } of samples) {
      for (const [label, text] of Object.entries(labels)) {
        if (!/^[a-z][a-z_]*$/.test(label)) wrong(`label ${label} is not in snake case`);
        if (['job', 'instance', 'quantile'].includes(label)) wrong(`label ${label} is taken`);
        if (label === 'le' && type !== 'histogram') wrong('has the label le and is no histogram');
        if (name.split('_').includes(label) && label !== 'version' && BASE_UNITS.includes(label))
          wrong(`says ${label} twice`);
        if (text.length > 250) wrong(`label ${label} is ${text.length} characters long`);
      }
      if (type === 'counter' && value < 0) wrong('is a counter below zero');
    }
    if (type === 'histogram') problems.push(...lintHistogram(name, samples));
    return [...new Set(problems)];
  });

const lintHistogram = (name: string, samples: readonly Sample[]): readonly string[] => {
  const series = Map.groupBy(samples, ({ labels }) => JSON.stringify({ ...labels, le: undefined }));
  return [...series].flatMap(([labels, own]) => {
    const buckets = own.filter((sample) => sample.name.endsWith('_bucket'));
    const counts = buckets.map(({ value }) => value);
    const count = own.find((sample) => sample.name.endsWith('_count'))?.value;
    const ends = buckets.map(({ labels: { le } }) => (le === '+Inf' ? Infinity : Number(le)));
    const ascends = (list: readonly number[]): boolean =>
      list.every((value, index) => index === 0 || value >= (list[index - 1] as number));
    if (!ascends(ends) || !ascends(counts)) return [`${name}: buckets of ${labels} do not ascend`];
    if (ends.at(-1) !== Infinity || counts.at(-1) !== count)
      return [`${name}: +Inf of ${labels} is not the count`];
    return own.some((sample) => sample.name.endsWith('_sum')) ? [] : [`${name}: ${labels} has no sum`];
  });
};
