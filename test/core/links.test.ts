import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLinkSigner, LINK_ACTIONS, linkId } from '../../src/core/links.ts';

const NOW_MS = Date.UTC(2026, 0, 2);
const KEY = randomBytes(32);
const signer = createLinkSigner(KEY);
const claim = { action: 'silence', alertId: 'a1', sink: 'slack', expiresAtMs: NOW_MS + 1_000 } as const;

describe('links in alerts', () => {
  it('are told again as they were signed, whatever the names', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...LINK_ACTIONS),
        fc.string({ unit: 'binary' }),
        fc.string({ unit: 'binary' }),
        fc.integer({ min: 1, max: 4_000_000_000 }),
        (action, alertId, sink, seconds) => {
          const one = {
            action,
            alertId: alertId.toWellFormed(),
            sink: sink.toWellFormed(),
            expiresAtMs: seconds * 1_000,
          };
          fc.pre(JSON.stringify(one).length < 400);
          const token = signer.sign(one);
          expect(signer.verify(token, 0)).toEqual(one);
          expect(signer.sign(one)).toBe(token);
          expect(token).toMatch(/^[\w-]+\.[\w-]+$/);
        },
      ),
    );
  });

  it('are too old from their end on', () => {
    const token = signer.sign(claim);
    expect(signer.verify(token, NOW_MS + 999)).toEqual(claim);
    expect(signer.verify(token, NOW_MS + 1_000)).toBe('expired');
  });

  it('are refused when anything of them was changed, and under another key', () => {
    const token = signer.sign(claim);
    expect(createLinkSigner(randomBytes(32)).verify(token, NOW_MS)).toBe('invalid');
    for (const wrong of ['', '.', 'a.b', `${token}.x`, token.slice(0, -1), `x${token}`, 'é'.repeat(2_000)])
      expect(signer.verify(wrong, NOW_MS)).toBe('invalid');
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: token.length - 1 }),
        fc.constantFrom('A', 'b', '0', '-', '_'),
        (at, by) => {
          const changed = token.slice(0, at) + by + token.slice(at + 1);
          const read = signer.verify(changed, NOW_MS);
          // The last character of a Base64 text holds bits that mean nothing.
          expect(read === 'invalid' ? claim : read).toEqual(claim);
        },
      ),
    );
    const other = signer.sign({ ...claim, action: 'expected' });
    const spliced = `${other.split('.')[0]}.${token.split('.')[1]}`;
    expect(signer.verify(spliced, NOW_MS)).toBe('invalid');
  });

  it('have an identity that cannot be used as a link', () => {
    const token = signer.sign(claim);
    expect(linkId(token)).toMatch(/^[0-9a-f]{12}$/);
    expect(token).not.toContain(linkId(token));
    expect(linkId(signer.sign({ ...claim, sink: 'mail' }))).not.toBe(linkId(token));
  });
});
