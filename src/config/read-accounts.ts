import { readSecret } from './read-secret.ts';
import { SECTIONS } from './schema.ts';
import { createSecretFile } from './secrets.ts';
import type { Section } from './section.ts';
import type { AccountSettings } from './settings.ts';
import { type Path, pathLabel } from './tree.ts';

/** Reads `accounts`: every account with its secret, from the configuration itself or from a file it names. */
export const readAccounts = (section: Section): readonly AccountSettings[] | undefined => {
  const accounts = section.check(SECTIONS.accounts, ['accounts'], isSecret);
  const raw = section.value(['accounts']);
  if (!Array.isArray(raw)) return undefined;
  // From here on the raw values: one account's problem must not hide those of the others.
  checkDistinct(section, raw);
  const secrets = raw.map((entry: unknown, index) => accountSecret(section, ['accounts', index], entry));
  return accounts?.map((account, index) => {
    const { value, file } = secrets[index] ?? { value: '', file: undefined };
    const apiSecret = file === undefined ? () => value : createSecretFile(file, value, section.known);
    return {
      name: account.name,
      apiKey: account.api_key,
      credentials: (tell) => ({ apiKey: account.api_key, apiSecret: apiSecret(tell) }),
      secretFile: file,
    };
  });
};

/** The key too: whoever types `key:secret` there must not read it in a message. */
const isSecret = (path: Path): boolean => path.at(-1) === 'api_key' || path.at(-1) === 'api_secret';

const checkDistinct = (section: Section, raw: readonly unknown[]): void => {
  const names = new Map<unknown, number>();
  const keys = new Map<unknown, number>();
  for (const index of raw.keys()) {
    const namePath: Path = ['accounts', index, 'name'];
    const name = section.value(namePath);
    const sameName = names.get(name);
    if (sameName !== undefined && typeof name === 'string')
      section.problem(
        namePath,
        `${pathLabel(namePath)}: found the name of accounts[${sameName}], allowed: a name of its own`,
      );
    else names.set(name, index);

    const keyPath: Path = ['accounts', index, 'api_key'];
    const key = section.value(keyPath);
    const sameKey = keys.get(key);
    if (sameKey !== undefined && typeof key === 'string' && !section.tree.place(keyPath)?.bad)
      section.warn(
        keyPath,
        `${pathLabel(keyPath)}: the key of accounts[${sameKey}] too, so its trail is read twice`,
      );
    else keys.set(key, index);
  }
};

interface AccountSecret {
  readonly value: string;
  readonly file: string | undefined;
}

const accountSecret = (section: Section, path: Path, entry: unknown): AccountSecret | undefined => {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return undefined;
  const label = pathLabel(path);
  const inlinePath = [...path, 'api_secret'];
  const filePath = [...path, 'api_secret_file'];
  const inline = section.value(inlinePath);
  const named = section.value(filePath);
  if (!Object.hasOwn(entry, 'api_secret') && !Object.hasOwn(entry, 'api_secret_file')) {
    section.problem(path, `${label}.api_secret is missing; allowed: api_secret or api_secret_file`);
    return undefined;
  }
  if (Object.hasOwn(entry, 'api_secret') && Object.hasOwn(entry, 'api_secret_file'))
    section.problem(filePath, `${label}: found both api_secret and api_secret_file, allowed: one of them`);
  const fromFile =
    typeof named === 'string' && named !== '' && !section.tree.place(filePath)?.bad
      ? readSecret(section, filePath, named)
      : undefined;
  const secret =
    fromFile ??
    (typeof inline === 'string' && inline !== ''
      ? { value: inline, file: section.tree.place(inlinePath)?.secretFile }
      : undefined);
  if (secret === undefined) return undefined;
  if (fromFile === undefined)
    for (const file of section.tree.place(inlinePath)?.files ?? []) section.guardSecretFile(inlinePath, file);
  section.known.add(secret.value);
  if (secret.value !== secret.value.trim())
    section.warn(
      fromFile === undefined ? inlinePath : filePath,
      `${label}: the secret begins or ends with white space; is that meant?`,
    );
  return secret;
};
