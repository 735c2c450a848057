import { describe, expect, it } from 'vitest';
import { byPlace, formatProblem, type Problem } from '../../src/core/problem.ts';

const problem = (file: string, line: number, column: number): Problem => ({
  file,
  line,
  column,
  message: 'm',
});

describe('problems', () => {
  it('are shown with their place, the path short where it can be', () => {
    expect(formatProblem(problem('config/a.yml', 3, 5))).toBe('config/a.yml:3:5: m');
    expect(formatProblem(problem('/srv/config/a.yml', 3, 5), '/srv')).toBe('config/a.yml:3:5: m');
    expect(formatProblem(problem('/etc/a.yml', 0, 0), '/srv')).toBe('/etc/a.yml: m');
  });

  it('are sorted by file, line and column', () => {
    const sorted = [
      problem('a', 0, 0),
      problem('a', 2, 9),
      problem('a', 10, 1),
      problem('a', 10, 2),
      problem('b', 1, 1),
    ];
    expect([...sorted].reverse().sort(byPlace)).toEqual(sorted);
  });
});
