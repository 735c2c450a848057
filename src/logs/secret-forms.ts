/** Texts shorter than this are not searched for: they occur everywhere, and no real credential is so short. */
const SHORTEST = 4;
/** Parts of a URL that are shorter are no credentials by themselves. */
const SHORTEST_TOKEN = 16;

/**
 * The texts in which a secret can show itself: as it is, percent-encoded, form-encoded, inside a JSON text, and inside
 * any base64 text (`Authorization: Basic …` with whatever user name). A secret that is a URL also shows itself by its
 * password, by its path, and by what in path and query is long enough to be a token, since errors quote URLs in parts. Longest first; empty for a secret shorter than 4.
 */
export const secretForms = (secret: string): readonly string[] => {
  const forms = new Set<string>();
  for (const value of [secret, ...urlParts(secret)]) {
    if (value.length < SHORTEST) continue;
    for (const form of [value, ...percentForms(value), ...base64Forms(value)]) forms.add(form);
    // Twice: an answer that quotes a request that quoted the secret.
    const inJson = escapeJson(value);
    forms.add(inJson).add(escapeJson(inJson)).add(inJson.replaceAll('/', '\\/'));
  }
  return [...forms].sort((a, b) => b.length - a.length);
};

/** A text as it stands between the quotes of a JSON string. */
export const escapeJson = (text: string): string => JSON.stringify(text).slice(1, -1);

const percentForms = (value: string): readonly string[] => {
  const upper = [
    encodeURIComponent(value.toWellFormed()),
    encodeURI(value.toWellFormed()),
    new URLSearchParams([['', value]]).toString().slice(1),
  ];
  const lower = upper.map((text) => text.replace(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase()));
  return [...upper, ...lower];
};

/**
 * What base64 makes of the secret, wherever it stands in the encoded text: one form for each of the three alignments,
 * cut to the digits that depend on nothing but the secret, in the standard and in the URL-safe alphabet.
 */
const base64Forms = (value: string): readonly string[] => {
  const bytes = Buffer.from(value);
  const digits = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replaceAll('=', '');
    const first = Math.ceil((before * 8) / 6);
    const end = Math.floor(((before + bytes.length) * 8) / 6);
    return text.slice(first, end);
  });
  // A few digits alone would be found by chance in ids and hashes.
  const telling = digits.filter((text) => text.length >= 6);
  return [...telling, ...telling.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'))];
};

const urlParts = (secret: string): readonly string[] => {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(secret) || !URL.canParse(secret)) return [];
  const url = new URL(secret);
  const path = url.pathname + url.search;
  // Of Slack's URL, for one, the last segment is the token. Short ones such as `hook` name a place, not a credential.
  const tokens = [path, ...url.pathname.split('/'), ...url.searchParams.values()];
  return [
    url.password,
    decoded(url.password),
    ...tokens.filter((part) => part.length >= SHORTEST_TOKEN),
  ].filter((part) => part !== '');
};

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};
