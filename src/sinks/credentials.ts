/** User and password of a URL, percent-decoded; as they stand where a `%` starts no valid escape. */
export const credentialsOf = (url: URL): { readonly user: string; readonly password: string } => ({
  user: decoded(url.username),
  password: decoded(url.password),
});

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/**
 * What of a URL is secret: all of it, its credentials, and every part of path and query long enough to be a token
 * (a Slack URL is nothing but tokens). The host is no secret: reasons name it.
 */
export const secretsOfUrl = (url: URL): readonly string[] => {
  const parts = [...url.pathname.split('/'), ...url.searchParams.values()].filter((part) => part.length >= 8);
  const path = `${url.pathname}${url.search}`;
  const { user, password } = credentialsOf(url);
  const basic = Buffer.from(`${user}:${password}`).toString('base64');
  return [url.href, ...(path.length > 1 ? [path] : []), url.password, password, basic, ...parts];
};
