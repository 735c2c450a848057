import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { SINK_TYPES } from '../../src/sinks/registry.ts';

describe.each(SINK_TYPES.map((type) => [type.type, type] as const))(
  'options of %s',
  (_name, { options, secrets }) => {
    it('are strict, described and can be written as a JSON Schema', () => {
      const schema = z.toJSONSchema(options, { io: 'input' });
      expect(schema.additionalProperties).toBe(false);
      const undescribed = Object.entries(schema.properties ?? {}).filter(
        ([, option]) => typeof option === 'boolean' || !option.description?.endsWith('.'),
      );
      expect(undescribed).toEqual([]);
    });

    it('can be extended by the configuration', () => {
      expect(() => options.extend({ type: z.string() })).not.toThrow();
    });

    it('name their secrets among themselves', () => {
      expect(Object.keys(options.shape)).toEqual(expect.arrayContaining([...secrets]));
      expect(secrets.includes('url')).toBe(Object.hasOwn(options.shape, 'url'));
    });
  },
);

describe('sink registry', () => {
  it('has every type once', () => {
    expect(SINK_TYPES.map(({ type }) => type)).toEqual([
      'log',
      'slack',
      'email',
      'webhook',
      'file',
      'syslog',
    ]);
  });

  it('lets every sink be off with nothing but an empty URL', () => {
    const result = SINK_TYPES.filter(({ secrets }) => secrets.includes('url')).map(({ options }) =>
      options.safeParse({ url: '' }),
    );
    expect(result.map(({ success }) => success)).toEqual([true, true, true, true]);
  });
});
