/** Longest piece of a body that goes into an error. */
const EXCERPT_LENGTH = 160;

/** All the ways in which a server, a proxy or a library may write `secret` back to us. */
const spellings = (secret: string): string[] => {
  const base64 = Buffer.from(secret).toString('base64');
  return [
    secret,
    encodeURIComponent(secret.toWellFormed()),
    JSON.stringify(secret).slice(1, -1),
    base64,
    base64.replace(/=+$/, ''),
    Buffer.from(secret).toString('base64url'),
  ];
};

/** Replaces every spelling of every one of `secrets` in `text`. Longer ones first, so that no remainder is left. */
export const redact = (text: string, secrets: readonly string[]): string => {
  const needles = new Set(secrets.filter((secret) => secret !== '').flatMap(spellings));
  let clean = text;
  for (const needle of [...needles].sort((a, b) => b.length - a.length))
    clean = clean.replaceAll(needle, '[redacted]');
  return clean;
};

/**
 * A short piece of a body for an error: secrets out first (a cut could leave half of one), then control characters and
 * runs of white space to single spaces, then cut. Empty for an empty body.
 */
export const excerpt = (body: string, secrets: readonly string[]): string => {
  const line = redact(body, secrets)
    .slice(0, 4_096)
    // oxlint-disable-next-line no-control-regex -- control characters are what must go.
    .replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ')
    .trim();
  return line.length > EXCERPT_LENGTH ? `${line.slice(0, EXCERPT_LENGTH)}…` : line;
};
