import { describe, expect, it } from 'vitest';
import { ALERT_KINDS, LEVELS } from '../../src/core/alert.ts';
import { colourFor, groundFor, labelFor } from '../../src/sinks/presentation.ts';

const standings = LEVELS.flatMap((level) =>
  ALERT_KINDS.flatMap((kind) => (['firing', 'resolved'] as const).map((status) => ({ kind, status, level }))),
);

/** Relative luminance by the formula of WCAG 2.1. */
const luminance = (colour: string): number => {
  const parts = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255);
  const [red = 0, green = 0, blue = 0] = parts.map((part) =>
    part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};

describe('labels', () => {
  it.each(standings)('are readable in white on their ground: %j', (standing) => {
    // White letters, also where a mail program darkens the rest by itself.
    expect(1.05 / (luminance(groundFor(standing)) + 0.05)).toBeGreaterThanOrEqual(4.5);
  });

  it('never take a drill or an end for a new finding', () => {
    for (const standing of standings) {
      const label = labelFor(standing);
      expect(label.includes('DRILL')).toBe(standing.kind === 'drill');
      expect(label.includes('RESOLVED')).toBe(standing.status === 'resolved');
    }
    const findings = new Set(LEVELS.map((level) => colourFor({ kind: 'rule', status: 'firing', level })));
    expect(findings.size).toBe(LEVELS.length);
    expect(findings).not.toContain(colourFor({ kind: 'drill', status: 'firing', level: 'high' }));
    expect(findings).not.toContain(colourFor({ kind: 'rule', status: 'resolved', level: 'high' }));
  });
});
