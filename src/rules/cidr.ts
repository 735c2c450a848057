import ipaddr from 'ipaddr.js';

/** An address as 4 or 16 bytes; an IPv4 address mapped into IPv6 is the IPv4 address. Undefined for anything else. */
export const parseAddress = (text: string): readonly number[] | undefined => {
  if (text.length > 45) return undefined;
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text).toByteArray();
  if (!text.includes(':') || !ipaddr.IPv6.isValid(text)) return undefined;
  const address = ipaddr.IPv6.parse(text);
  return address.isIPv4MappedAddress() ? address.toIPv4Address().toByteArray() : address.toByteArray();
};

export interface Network {
  readonly bytes: readonly number[];
  readonly bits: number;
}

const masked = (bytes: readonly number[], bits: number): number[] =>
  bytes.map((byte, index) => byte & (0xff << Math.max(0, 8 - Math.max(0, bits - index * 8))) & 0xff);

const print = (bytes: readonly number[]): string => ipaddr.fromByteArray([...bytes]).toString();

/** A network such as `10.0.0.0/8` or `2001:db8::/32` (a bare address is a network of one), or what is wrong with it. */
export const parseNetwork = (text: string): Network | { readonly wrong: string; readonly hint?: string } => {
  const slash = text.indexOf('/');
  const bytes = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (!bytes) return { wrong: 'is no IPv4 or IPv6 network such as 10.0.0.0/8 or 2001:db8::/32' };
  const size = bytes.length * 8;
  const mask = slash < 0 ? String(size) : text.slice(slash + 1);
  const bits = Number(mask);
  if (!/^\d{1,3}$/.test(mask) || bits > size) return { wrong: `has no prefix length between 0 and ${size}` };
  const network = masked(bytes, bits);
  if (network.some((byte, index) => byte !== bytes[index]))
    return { wrong: 'has bits set after its prefix', hint: `did you mean "${print(network)}/${bits}"?` };
  return { bytes, bits };
};

/** Whether the address is in the network. Addresses of the other family are not. */
export const inNetwork = (network: Network, address: readonly number[]): boolean => {
  if (address.length !== network.bytes.length) return false;
  const whole = network.bits >> 3;
  for (let index = 0; index < whole; index += 1) if (address[index] !== network.bytes[index]) return false;
  const rest = network.bits & 7;
  if (rest === 0) return true;
  const mask = 0xff << (8 - rest);
  return ((address[whole] as number) & mask) === ((network.bytes[whole] as number) & mask);
};
