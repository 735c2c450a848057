import { Audit } from '@vonage/audit';
import { Auth } from '@vonage/auth';
import { describe, expect, it } from 'vitest';
import { createGenerator } from '../../src/simulator/generator.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { EVENT_TYPES } from '../../src/simulator/wire.ts';
import { ACCOUNT, simulate } from '../support/audit-api.ts';
import { eventAt, NOON } from './sample.ts';

const vendor = (simulator: Simulator, secret: string = ACCOUNT.secret): Audit =>
  new Audit({ apiKey: ACCOUNT.key, apiSecret: secret }, { apiHost: simulator.origin });

const listed = async (
  client: Audit,
  params: Parameters<Audit['getEvents']>[0],
): Promise<readonly string[]> => {
  const ids: string[] = [];
  for await (const event of client.getEvents(params)) ids.push(event.id);
  return ids;
};

describe("the vendor's own client", () => {
  it('lists every event across pages', async () => {
    const simulator = await simulate();
    const events = createGenerator({ seed: 'vendor', account: ACCOUNT.key }).burst(250, NOON, 3_600_000);
    simulator.add(ACCOUNT.key, events);
    expect((await listed(vendor(simulator), { size: 100 })).toSorted()).toEqual(
      events.map(({ id }) => id).toSorted(),
    );
    expect(simulator.requests.list().map(({ query }) => query)).toEqual([
      { size: '100', page: '1' },
      { size: '100', page: '2' },
      { size: '100', page: '3' },
    ]);
  });

  it('lists with every filter it knows', async () => {
    const simulator = await simulate();
    simulator.add(ACCOUNT.key, [
      eventAt('early', NOON - 60_000, { event_type: 'NUMBER_UPDATED', context: { msisdn: '447700900001' } }),
      eventAt('wanted', NOON, { event_type: 'NUMBER_UPDATED', context: { msisdn: '447700900001' } }),
      eventAt('other number', NOON, { event_type: 'NUMBER_UPDATED', context: { msisdn: '447700900002' } }),
      eventAt('other type', NOON, { context: { msisdn: '447700900001' } }),
      eventAt('late', NOON + 60_000, { event_type: 'NUMBER_UPDATED', context: { msisdn: '447700900001' } }),
    ]);
    const ids = await listed(vendor(simulator), {
      eventType: 'NUMBER_UPDATED,NUMBER_RELEASE',
      dateFrom: '2026-01-15T11:59:30Z',
      dateTo: '2026-01-15T12:00:30Z',
      searchText: '447700900001',
      size: 1,
    });
    expect(ids).toEqual(['wanted']);
    expect(Object.keys(simulator.requests.list()[0]?.query ?? {}).toSorted()).toEqual([
      'date_from',
      'date_to',
      'event_type',
      'page',
      'search_text',
      'size',
    ]);
  });

  it('lists nothing when there is nothing', async () => {
    expect(await listed(vendor(await simulate()), {})).toEqual([]);
    expect(await listed(vendor(await simulate({ emptyEmbedded: true })), {})).toEqual([]);
  });

  it('gets one event with its context', async () => {
    const simulator = await simulate();
    simulator.add(
      ACCOUNT.key,
      eventAt('one', NOON, { context: { appId: 'a1', created: { name: 'Voice' } } }),
    );
    expect(await vendor(simulator).getEvent('one')).toMatchObject({
      id: 'one',
      eventType: 'USER_LOGIN',
      createdAt: '2026-01-15T12:00:00',
      accountId: ACCOUNT.key,
      userEmail: 'user@example.com',
      sourceCountry: 'GB',
      context: { created: { name: 'Voice' } },
    });
  });

  it('is refused with a wrong secret, and told of an unknown event', async () => {
    const simulator = await simulate();
    await expect(listed(vendor(simulator, 'wrong'), {})).rejects.toThrow('401');
    await expect(vendor(simulator).getEvent('none')).rejects.toThrow('404');
  });

  // The client has no call for OPTIONS, so only its authentication is used here.
  it("gets the types with the header of the vendor's authentication", async () => {
    const simulator = await simulate();
    const authorization = await new Auth({
      apiKey: ACCOUNT.key,
      apiSecret: ACCOUNT.secret,
    }).createBasicHeader();
    const response = await fetch(`${simulator.url}/events`, {
      method: 'OPTIONS',
      headers: { authorization },
    });
    const { eventTypes } = (await response.json()) as { eventTypes: { type: string }[] };
    expect(eventTypes.map(({ type }) => type)).toEqual(Object.keys(EVENT_TYPES));
  });
});
