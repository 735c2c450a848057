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
