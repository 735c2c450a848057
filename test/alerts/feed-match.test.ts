import { describe, expect, it } from 'vitest';
import { compileFeedMatch } from '../../src/alerts/feed-match.ts';

const event = {
  account: 'default',
  eventType: 'NUMBER_UPDATED',
  fields: () => ({ source_ip: '203.0.113.9', context: { country: 'GB', tags: ['a', 'b'] } }),
};

describe('a feed', () => {
  it.each<[string, Parameters<typeof compileFeedMatch>[0], boolean]>([
    ['no match', undefined, true],
    ['account', { account: ['other', 'DEFAULT'] }, true],
    ['another account', { account: ['other'] }, false],
    ['type, without regard to case', { event_type: ['number_updated'] }, true],
    ['a field', { 'context.country': ['GB', 'NL'] }, true],
    ['any element of a list', { 'context.tags': ['b'] }, true],
    ['a field that is missing', { user_email: ['x'] }, false],
    ['all keys must hold', { account: ['default'], 'context.country': ['NL'] }, false],
  ])('%s', (_name, match, expected) => {
    expect(compileFeedMatch(match)(event)).toBe(expected);
  });

  it('does not read the event when nothing inside it is asked for', () => {
    const unread = { ...event, fields: () => expect.fail('read') };
    expect(compileFeedMatch({ account: ['default'], event_type: ['NUMBER_UPDATED'] })(unread)).toBe(true);
  });
});
