import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lowerBound, parseCreatedAt, upperBound } from '../../src/audit/created-at.ts';

describe('parseCreatedAt', () => {
  it.each([
    ['2018-08-13T10:15:31', '2018-08-13T10:15:31.000Z'],
    ['2018-08-13T10:15:31Z', '2018-08-13T10:15:31.000Z'],
    ['2018-08-13t10:15:31z', '2018-08-13T10:15:31.000Z'],
    ['2018-08-13T10:15:31.5', '2018-08-13T10:15:31.500Z'],
    ['2018-08-13T10:15:31.123999999Z', '2018-08-13T10:15:31.123Z'],
    ['2018-08-13T10:15:31.29', '2018-08-13T10:15:31.290Z'],
    ['2018-08-13T10:15:31+02:00', '2018-08-13T08:15:31.000Z'],
    ['2018-08-13T10:15:31-0530', '2018-08-13T15:45:31.000Z'],
    ['2018-08-13T10:15:31+02', '2018-08-13T08:15:31.000Z'],
    ['2024-02-29T23:59:59', '2024-02-29T23:59:59.000Z'],
    ['9999-12-31T23:59:59', '9999-12-31T23:59:59.000Z'],
  ])('reads %s', (text, iso) => {
    const ms = parseCreatedAt(text);
    expect(ms === undefined ? undefined : new Date(ms).toISOString()).toBe(iso);
  });

  it.each([
    '',
    'yesterday',
    '2018-08-13',
    '2018-08-13 10:15:31',
    '13.08.2018',
    '1534155331',
    '2018-02-30T00:00:00',
    '2023-02-29T00:00:00',
    '2018-13-01T00:00:00',
    '2018-00-10T00:00:00',
    '2018-08-00T00:00:00',
    '2018-08-13T24:00:00',
    '2018-08-13T10:60:00',
    '2018-08-13T10:15:60',
    '0001-01-01T00:00:00',
    '1969-12-31T23:59:59',
    '2018-08-13T10:15:31+25:00',
    '2018-08-13T10:15:31 Z',
    '2018-08-13T10:15:31\n',
    '+002018-08-13T10:15:31',
    '2018-08-13T10:15:31.',
    'NaN',
  ])('refuses %j', (text) => {
    expect(parseCreatedAt(text)).toBeUndefined();
  });

  it('agrees with the platform on every date, with any fraction', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true }),
        (date) => {
          expect(parseCreatedAt(date.toISOString())).toBe(date.getTime());
          expect(parseCreatedAt(date.toISOString().slice(0, 23))).toBe(date.getTime());
        },
      ),
    );
  });
});

describe('bounds of a query', () => {
  it('are rounded outwards to the second', () => {
    const ms = Date.parse('2026-01-02T03:04:05.001Z');
    expect(lowerBound(ms, 'local')).toBe('2026-01-02T03:04:05');
    expect(upperBound(ms, 'local')).toBe('2026-01-02T03:04:06');
    expect(upperBound(ms - 1, 'local')).toBe('2026-01-02T03:04:05');
    expect(lowerBound(ms, 'zulu')).toBe('2026-01-02T03:04:05Z');
  });
});
