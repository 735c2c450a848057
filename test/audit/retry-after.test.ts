import { describe, expect, it } from 'vitest';
import { answer, json, startScriptedServer } from '../support/scripted-server.ts';
import { auditError, clientUnderTest, NOW, never, pageOf } from './client-under-test.ts';

const GOOD = json(pageOf('a'));
/** The wait after the first failure that comes on top of what was asked for: 0.625 of 500 ms. */
const JITTER = 313;

describe('Retry-After', () => {
  it.each([
    [429, '7', 7_000],
    [503, '7', 7_000],
    [502, '2', 2_000],
    [429, new Date(NOW + 40_000).toUTCString(), 40_000],
    [429, '60', 60_000],
    [429, new Date(NOW - 90_000).toUTCString(), 0],
    [429, '0', 0],
    [429, '-30', 0],
    [429, '1.5', 1_500],
    [429, 'soon', 0],
    [429, '', 0],
    [429, undefined, 0],
  ])('of %i: %j is a wait of %i ms', async (status, header, ms) => {
    await using server = await startScriptedServer();
    await using it = clientUnderTest(server.url);
    server.script(answer(status, '{}', header === undefined ? {} : { 'retry-after': header }), GOOD);
    await it.client.find({ page: 1 }, never);
    expect(it.waits).toStrictEqual([ms + JITTER]);
    expect(it.lines[0]?.fields).toMatchObject({ status, delay_ms: ms + JITTER, kind: 'unavailable' });
  });

  it('is never undercut, whatever the dice say', async () => {
    for (const random of [() => 0, () => 0.999_999]) {
      await using server = await startScriptedServer();
      await using it = clientUnderTest(server.url, { random });
      server.script(answer(429, '', { 'retry-after': '10' }), GOOD);
      await it.client.find({ page: 1 }, never);
      expect(it.waits[0]).toBeGreaterThan(10_000);
      expect(it.waits[0]).toBeLessThanOrEqual(10_500);
    }
  });

  it('keeps later reads away as well, also after the retries are used up', async () => {
    await using server = await startScriptedServer();
    await using it = clientUnderTest(server.url, { retries: 0 });
    server.script(answer(429, '', { 'retry-after': '60' }), GOOD);
    const error = await auditError(it.client.find({ page: 1 }, never));
    expect(error).toMatchObject({ kind: 'unavailable', status: 429 });
    expect(it.waits).toStrictEqual([]);
    it.clock.nowMs += 20_000;
    await it.client.find({ page: 2 }, never);
    expect(it.waits).toStrictEqual([40_000 + JITTER]);
    await it.client.find({ page: 3 }, never);
    expect(it.waits).toHaveLength(1);
  });

  it.each([
    ['3600', 3_600_000],
    ['99999999999999999999', 3_600_000],
    ['Fri, 31 Dec 9999 23:59:59 GMT', 3_600_000],
    [new Date(NOW + 90_000).toUTCString(), 90_000],
  ])('%s: the read fails at once, and nothing is asked until then, at most an hour', async (header, ms) => {
    await using server = await startScriptedServer();
    await using it = clientUnderTest(server.url);
    server.script(answer(503, '{}', { 'retry-after': header }), GOOD);
    const error = await auditError(it.client.find({ page: 1 }, never));
    expect(error).toMatchObject({ kind: 'unavailable', status: 503 });
    for (const laterMs of [0, ms - 60_001]) {
      it.clock.nowMs = NOW + laterMs;
      const again = await auditError(it.client.find({ page: 1 }, never));
      expect(again.message).toContain(
        `wants to be left alone until ${new Date(NOW + ms).toISOString()} (Retry-After)`,
      );
    }
    expect(server.requests.length).toBe(1);
    expect(it.waits).toStrictEqual([]);
    it.clock.nowMs = NOW + ms;
    await it.client.find({ page: 1 }, never);
    expect(it.waits).toStrictEqual([]);
  });

  it('does not hold us for ever when the clock goes back', async () => {
    await using server = await startScriptedServer();
    await using it = clientUnderTest(server.url, { retries: 0 });
    server.script(answer(429, '', { 'retry-after': '60' }), GOOD);
    await auditError(it.client.find({ page: 1 }, never));
    it.clock.nowMs -= 86_400_000;
    await it.client.find({ page: 1 }, never);
    expect(it.waits).toStrictEqual([]);
  });

  it.each([
    [429, '1'],
    [429, undefined],
    [503, '1'],
  ])(
    'of %i: %j for three hours is asked less and less, and its end is noticed within minutes',
    async (status, header) => {
      await using server = await startScriptedServer();
      const refusal = answer(status, '{}', header === undefined ? {} : { 'retry-after': header });
      server.script(refusal);
      await using it = clientUnderTest(server.url);
      const poll = async (forMs: number): Promise<number> => {
        const before = server.requests.length;
        for (const endMs = it.clock.nowMs + forMs; it.clock.nowMs < endMs; it.clock.nowMs += 30_000)
          await it.client.find({ page: 1 }, never).catch(() => undefined);
        return server.requests.length - before;
      };
      const HOUR = 3_600_000;
      const [first, second, third] = [await poll(HOUR), await poll(HOUR), await poll(HOUR)];
      // Without growing pauses it is five with every poll: 600 in an hour.
      expect(first).toBeLessThan(80);
      expect(second).toBeLessThan(60);
      expect(third).toBeLessThanOrEqual(second);
      server.script(GOOD);
      const endMs = it.clock.nowMs + 120_000;
      await poll(120_000);
      expect(it.outcomes.at(-1)).toBe('ok');
      expect(it.clock.nowMs).toBeLessThan(endMs + 60_000);
      // Forgiven at once.
      const waits = it.waits.length;
      server.script(refusal);
      await it.client.find({ page: 1 }, never).catch(() => undefined);
      expect(it.waits.slice(waits).every((ms) => ms < 10_000)).toBe(true);
    },
  );

  it('of many pages under way at once counts as one refusal', async () => {
    await using server = await startScriptedServer();
    server.script(answer(429, '{}', { 'retry-after': '1' }));
    await using it = clientUnderTest(server.url, { retries: 0 });
    const asked = async () => {
      const pages = [1, 2, 3, 4].map((page) => it.client.find({ page }, never).catch(() => undefined));
      await Promise.all(pages);
      it.clock.nowMs += 1_000;
    };
    await asked();
    await asked();
    server.script(GOOD);
    await it.client.find({ page: 1 }, never);
    expect(it.waits).toHaveLength(1);
    expect(it.waits[0]).toBeLessThan(5_000);
  });

  it('waits for nothing on 401, which is not repeated', async () => {
    await using server = await startScriptedServer();
    await using it = clientUnderTest(server.url);
    server.script(answer(401, '', { 'retry-after': '60' }), GOOD);
    await auditError(it.client.find({ page: 1 }, never));
    await it.client.find({ page: 1 }, never);
    expect(it.waits).toStrictEqual([]);
  });
});
