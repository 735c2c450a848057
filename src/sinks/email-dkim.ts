import { createPrivateKey, type KeyObject } from 'node:crypto';
import { errorText, UsageError } from '../base/errors.ts';

/** Shorter keys are refused by receivers (RFC 8301, 3.2). */
const MIN_BITS = 1_024;

/** What nodemailer wants of a key; its members are the tags `d` and `s` of RFC 6376 and the key itself. */
interface DkimKey {
  readonly domainName: string;
  readonly keySelector: string;
  readonly privateKey: string;
}

/**
 * The DKIM part of a transport's options, {} when nothing is to be signed. Throws UsageError for less than all three of
 * the options, and for a key that cannot sign: with such a one mails would go out unsigned without a word.
 */
export const dkimOption = (
  name: string,
  {
    dkim_domain: domainName,
    dkim_selector: keySelector,
    dkim_key: privateKey,
  }: {
    readonly dkim_domain: string;
    readonly dkim_selector: string;
    readonly dkim_key?: string | undefined;
  },
): { readonly dkim?: DkimKey } => {
  const refuse = (text: string): never => {
    throw new UsageError(`sink "${name}": ${text}`);
  };
  if (domainName === '' && keySelector === '' && privateKey === undefined) return {};
  if (domainName === '' || keySelector === '' || privateKey === undefined)
    return refuse('dkim_domain, dkim_selector and dkim_key are only of use together');
  const key = readKey(privateKey, refuse);
  if (key.asymmetricKeyType !== 'rsa') return refuse('dkim_key must be an RSA key');
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < MIN_BITS) return refuse(`dkim_key has ${bits} bits; at least ${MIN_BITS} are needed`);
  return { dkim: { domainName, keySelector, privateKey } };
};

const readKey = (pem: string, refuse: (text: string) => never): KeyObject => {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    return refuse(`dkim_key is no usable private key: ${errorText(error)}`);
  }
};
