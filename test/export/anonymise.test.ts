import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAnonymise } from '../../src/export/anonymise.ts';
import { createPseudonyms } from '../../src/export/pseudonyms.ts';

const KEY = Buffer.from('a key that nobody else knows, of some length');
const pseudonyms = createPseudonyms(KEY);
const anonymise = createAnonymise(pseudonyms);
const turned = (event: object): Record<string, unknown> =>
  JSON.parse(anonymise(JSON.stringify(event))) as Record<string, unknown>;
const BASE = { id: 'e1', event_type: 'USER_LOGIN', created_at: '2026-03-01T12:00:00' };

describe('pseudonyms', () => {
  it('are the same for the same key and value, and others with another key', () => {
    const other = createPseudonyms(Buffer.from('another key, of some length as well'));
    for (const kind of ['email', 'phone', 'name', 'account'] as const) {
      const value =
        kind === 'email' ? 'Jane.Roe@Example.com' : kind === 'phone' ? '+44 7700 900123' : 'Jane Roe';
      expect(createPseudonyms(KEY)[kind](value)).toBe(pseudonyms[kind](value));
      expect(other[kind](value)).not.toBe(pseudonyms[kind](value));
    }
    expect(other.ip('203.0.113.9')).not.toBe(pseudonyms.ip('203.0.113.9'));
  });

  it('keep the shape', () => {
    expect(pseudonyms.email('jane@example.com')).toMatch(/^user-[0-9a-f]{12}@d[0-9a-f]{8}\.example$/);
    expect(pseudonyms.email('jane@example.com')).toBe(pseudonyms.email('JANE@EXAMPLE.COM'));
    const domain = (address: string): string => pseudonyms.email(address).replace(/.*@/, '');
    expect(domain('jane@example.com')).toBe(domain('joe@example.com'));
    expect(domain('jane@example.com')).not.toBe(domain('jane@example.org'));
    expect(pseudonyms.phone('+44 (7700) 900-123')).toMatch(/^\+\d\d \(\d{4}\) \d{3}-\d{3}$/);
    expect(pseudonyms.phone('447700900123')).toBe(pseudonyms.phone('+44 7700 900123').replace(/\D/g, ''));
    expect(pseudonyms.account('abcd1234')).toMatch(/^[0-9a-f]{8}$/);
    expect(pseudonyms.account('123456')).toMatch(/^[1-9]\d{5}$/);
    expect(pseudonyms.account('the main account')).toMatch(/^account-[0-9a-f]{12}$/);
  });

  it('of addresses stay addresses of the family and of the neighbourhood', () => {
    const octet = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(octet, octet, octet, octet, octet, (a, b, c, d, e) => {
        const [one, two] = [pseudonyms.ip(`${a}.${b}.${c}.${d}`), pseudonyms.ip(`${a}.${b}.${c}.${e}`)];
        expect(isIPv4(one)).toBe(true);
        expect(one.replace(/\d+$/, '')).toBe(two.replace(/\d+$/, ''));
        expect(one === two).toBe(d === e);
      }),
    );
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        const other = pseudonyms.ip(address);
        expect(isIPv6(other)).toBe(true);
        expect(other).toMatch(/^2001:db8:/);
      }),
    );
    expect(pseudonyms.ip('2001:DB8:1:2::1')).toBe(pseudonyms.ip('2001:db8:1:2:0:0:0:1'));
    expect(pseudonyms.ip('2001:db8:1:2::1').slice(0, 19)).toBe(pseudonyms.ip('2001:db8:1:2::2').slice(0, 19));
    expect(pseudonyms.ip('::ffff:192.0.2.1')).toBe(pseudonyms.ip('::ffff:c000:201'));
  });

  it('of numbers never meet: all 4-digit ones, and a /24', () => {
    const numbers = Array.from({ length: 9_000 }, (_, i) => String(1_000 + i));
    const others = new Set(numbers.map((number) => pseudonyms.phone(number)));
    expect(others.size).toBe(9_000);
    for (const other of others) expect(other).toMatch(/^[1-9]\d{3}$/);
    const hosts = Array.from({ length: 256 }, (_, i) => pseudonyms.ip(`198.51.100.${i}`));
    expect(new Set(hosts).size).toBe(256);
  });
});

describe('an event', () => {
  it('is turned everywhere in the same way: fields, context, texts, keys', () => {
    const event = turned({
      ...BASE,
      account_id: 'abcd1234',
      user_email: 'Jane.Roe@example.com',
      user_id: 123_456,
      source: 'CD',
      source_ip: '203.0.113.9',
      source_country: 'NL',
      source_description:
        'Jane.Roe (jane.roe@example.com) from 203.0.113.9 for abcd1234, call +44 7700 900123',
      context: {
        msisdn: '447700900123',
        forwardTo: 'sip:desk@pbx.example.net',
        ip: '203.0.113.0/28',
        name: 'Jane Roe',
        note: 'JANE ROE asked (447700900123). See 2026-03-01 12:00 and 9f1c2a3b-0000-4000-8000-123456789012',
        abcd1234: { amount: 50, count: 1767225600, threshold: 10.5 },
        raw: '{"user":"jane.roe%40example.com"}',
        big: 1,
      },
      _links: { self: { href: 'https://api.example.com/abcd1234/e1' } },
    });
    const email = pseudonyms.email('jane.roe@example.com');
    const phone = pseudonyms.phone('447700900123');
    const account = pseudonyms.account('abcd1234');
    const ip = pseudonyms.ip('203.0.113.9');
    expect(event).toEqual({
      ...BASE,
      account_id: account,
      user_email: email,
      user_id: Number(pseudonyms.phone('123456')),
      source: 'CD',
      source_ip: ip,
      source_country: 'NL',
      source_description: `${pseudonyms.name('jane.roe')} (${email}) from ${ip} for ${account}, call ${pseudonyms.phone('+44 7700 900123')}`,
      context: {
        msisdn: phone,
        forwardTo: `sip:${pseudonyms.email('desk@pbx.example.net')}`,
        ip: `${pseudonyms.ip('203.0.113.0')}/28`,
        name: pseudonyms.name('Jane Roe'),
        note: `${pseudonyms.name('Jane Roe')} asked (${phone}). See 2026-03-01 12:00 and 9f1c2a3b-0000-4000-8000-123456789012`,
        [account]: { amount: 50, count: 1767225600, threshold: 10.5 },
        raw: `{"user":"${email.replace('@', '%40')}"}`,
        big: 1,
      },
    });
  });

  it('hides a known value also where what stands before it seems to reach into it', () => {
    const account = '1a000000-0000-1000-8000-00004992996a';
    const { context } = turned({
      ...BASE,
      api_key: account,
      ip: '35.127.172.25',
      context: `35.127.172.25${account}`,
    });
    expect(context).toBe(`${pseudonyms.ip('35.127.172.25')}${pseudonyms.account(account)}`);
  });

  it('keeps numbers digit by digit, and hostile keys', () => {
    const text = anonymise(
      '{"id":"e","n":12345678901234567890,"f":1.10,"__proto__":{"user_email":"a@b.example"}}',
    );
    expect(text).toContain('"n":12345678901234567890,"f":1.10,"__proto__":{"user_email":"user-');
    expect(text).not.toContain('a@b');
  });

  it('that cannot be walked is left out, not passed on', () => {
    const deep = `{"id":"e1","user_email":"jane@example.com","a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    const text = anonymise(deep);
    expect(text).not.toContain('jane');
    expect(text).toContain('_left_out');
    const many = { ...BASE, names: Array.from({ length: 1_001 }, (_, i) => `Person ${i}`) };
    expect(turned(many)).toEqual({ ...BASE, _left_out: 'too many names' });
    expect(anonymise('no json')).toBe('{"_left_out":"unreadable"}');
  });

  it('takes time in proportion to its size', () => {
    const hostile = ['a', '1', '1.', ':', '@', '%40', '+1 ', 'a@', '-'].map((unit) => unit.repeat(200_000));
    for (const text of hostile)
      expect(anonymise(JSON.stringify({ ...BASE, text })).length).toBeGreaterThan(100);
  }, 20_000);
});

describe('whatever an event holds', () => {
  const letters = 'abcdefghijklmnopqrstuvwxyz';
  const word = (min: number): fc.Arbitrary<string> =>
    fc
      .string({ unit: fc.constantFrom(...letters.split('')), minLength: min, maxLength: 12 })
      .map((text) => `zq${text}`);
  const digits = (length: number): fc.Arbitrary<string> =>
    fc
      .array(fc.integer({ min: 0, max: 9 }), { minLength: length, maxLength: length })
      .map((all) => `7${all.join('')}`);
  const email = fc.tuple(word(4), word(4)).map(([user, domain]) => `${user}@${domain}.test`);
  const octet = fc.integer({ min: 1, max: 254 });
  const ip = fc.oneof(
    fc.tuple(octet, octet, octet, octet).map((octets) => octets.join('.')),
    fc
      .array(fc.integer({ min: 4_096, max: 65_535 }), { minLength: 8, maxLength: 8 })
      .map((groups) => groups.map((group) => group.toString(16)).join(':')),
  );
  const phone = fc.oneof(
    digits(11),
    digits(10).map((all) => `+${all}`),
    digits(11).map((all) => `+${all.slice(0, 2)} ${all.slice(2, 6)} ${all.slice(6)}`),
  );
  const name = fc.oneof(
    word(4),
    fc.tuple(word(3), word(3)).map((both) => both.join(' ')),
    fc.tuple(word(3), word(3)).map(([a, b]) => `${a}-O'${b} (*+?[x]${a})`),
  );
  const account = fc.oneof(word(5), digits(8), fc.uuid());
  const keyed: readonly (readonly [string, fc.Arbitrary<string>])[] = [
    ['user_email', email],
    ['billingEmail', email],
    ['source_ip', ip],
    ['ip', ip],
    ['msisdn', phone],
    ['phone-number', phone],
    ['user_name', name],
    ['firstName', name],
    ['account_id', account],
    ['api_key', account],
  ];
  const value = fc.oneof(...keyed.map(([key, arbitrary]) => arbitrary.map((text) => ({ key, text }))));
  const around = fc.constantFrom('', ' ', 'x', '_', '(', '"', '\\n', '/', ': ', 'é', '=', '“');

  it('no e-mail, address, number, name or account id that a field says is anywhere in what comes out', () => {
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 6 }),
        fc.array(fc.tuple(around, fc.nat(), around, fc.nat(), around), { maxLength: 5 }),
        fc.boolean(),
        (values, texts, nested) => {
          const at = (n: number): string => values[n % values.length]?.text ?? '';
          const fields = Object.fromEntries(
            values.map(({ key, text }, i) => [i === 0 ? key : `x${i}_${key}`, text]),
          );
          const inner = {
            ...(nested ? { deep: [{ more: fields }] } : fields),
            description: texts.map(([a, n, b, m, c]) => `${a}${at(n)}${b}${at(m)}${c}`),
            [`about ${at(0)}`]: { said: `It was ${at(1)}.` },
          };
          const text = anonymise(JSON.stringify({ ...BASE, context: inner }));
          for (const one of values) {
            expect(text.toLowerCase()).not.toContain(one.text.toLowerCase());
            expect(text).not.toContain(JSON.stringify(one.text).slice(1, -1));
          }
          expect(JSON.parse(text)).toMatchObject(BASE);
          expect(text).not.toContain('_left_out');
          expect(anonymise(JSON.stringify({ ...BASE, context: inner }))).toBe(text);
        },
      ),
      { numRuns: 400 },
    );
  });
});
