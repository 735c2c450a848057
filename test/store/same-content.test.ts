import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contentOf, differingMembers } from '../../src/store/same-content.ts';

describe('content of an event', () => {
  it('does not depend on links, order of members or white space', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue(), (members, links) => {
        const turned = Object.fromEntries(Object.entries(members).reverse());
        const other = JSON.stringify({ ...turned, _links: links }, undefined, 3);
        expect(contentOf(other)).toBe(contentOf(JSON.stringify({ ...members, _links: null })));
      }),
    );
  });

  it('keeps every digit of large integers and every key, however it is called', () => {
    expect(contentOf('{"n":9007199254740993}')).not.toBe(contentOf('{"n":9007199254740992}'));
    expect(contentOf('{"__proto__":1}')).not.toBe(contentOf('{}'));
    expect(contentOf('{"a":{"_links":1}}')).not.toBe(contentOf('{"a":{"_links":2}}'));
  });

  it('stands for itself when it is no JSON', () => {
    expect(contentOf('not json')).toBe('not json');
    expect(differingMembers('not json', '{}')).toEqual([]);
    expect(differingMembers('[]', '{}')).toEqual([]);
  });

  it('names the members that differ, whether changed, gone or new', () => {
    const one = '{"same":1,"changed":{"a":1},"gone":null,"_links":1}';
    const two = '{"changed":{"a":2},"new":1,"same":1,"_links":2}';
    expect(differingMembers(one, two)).toEqual(['changed', 'gone', 'new']);
    expect(differingMembers('{"__proto__":1}', '{}')).toEqual(['__proto__']);
  });
});
