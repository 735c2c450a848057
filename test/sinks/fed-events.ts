import type { FedEvent } from '../../src/core/delivery.ts';

/** A usual event on its way to a sink, with what a test wants different; `fields` go into its JSON. */
export const fedEvent = (
  change: Partial<FedEvent> = {},
  fields: Readonly<Record<string, unknown>> = {},
): FedEvent => {
  const id = change.id ?? '3b1e9d5c-0d5c-4a57-9f0f-8f4d5c6b7a81';
  const eventType = change.eventType ?? 'ACCOUNT_SECRET_CREATE';
  return {
    account: 'default',
    id,
    eventType,
    createdAtMs: Date.UTC(2026, 2, 1, 2, 14, 7),
    seenAtMs: Date.UTC(2026, 2, 1, 2, 14, 38, 120),
    json: JSON.stringify({
      id,
      event_type: eventType,
      event_type_description: 'Account secret created',
      created_at: '2026-03-01T02:14:07',
      account_id: 'abcd1234',
      user_email: 'alice@example.com',
      user_id: 4711,
      source: 'CD',
      source_description: 'Customer Dashboard',
      source_ip: '203.0.113.9',
      source_country: 'NL',
      context: { secret_id: 's1' },
      ...fields,
    }),
    ...change,
  };
};
