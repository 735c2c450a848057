import { type WireEvent, wireTime } from '../../src/simulator/wire.ts';

/** Noon of a day in the past, for tests that need just any time. */
export const NOON = Date.UTC(2026, 0, 15, 12);

/** An event of which only id and time matter. */
export const eventAt = (id: string, atMs: number, members: Partial<WireEvent> = {}): WireEvent => ({
  id,
  event_type: 'USER_LOGIN',
  event_type_description: 'User login',
  created_at: wireTime(atMs),
  account_id: 'abcd1234',
  user_email: 'user@example.com',
  user_id: 1_234_567,
  source: 'CD',
  source_description: 'Customer Dashboard',
  source_ip: '192.0.2.1',
  source_country: 'GB',
  context: {},
  ...members,
});

/** Events e000, e001, … one second apart from {@link NOON} on. */
export const row = (count: number): readonly WireEvent[] =>
  Array.from({ length: count }, (_, index) => eventAt(nameOf(index), NOON + index * 1_000));

/** The id that {@link row} gives. */
export const nameOf = (index: number): string => `e${String(index).padStart(3, '0')}`;
