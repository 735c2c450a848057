import type { Section } from './section.ts';
import { type Path, pathLabel } from './tree.ts';

/** A fallback is another sink, and no chain of them leads back: that would send what nobody takes in a circle. */
export const checkFallbacks = (section: Section, sinks: Readonly<Record<string, unknown>>): void => {
  const names = Object.keys(sinks);
  const fallbackOf = (name: string): unknown => section.value(['sinks', name, 'fallback']);
  for (const name of names) {
    const path: Path = ['sinks', name, 'fallback'];
    const fallback = fallbackOf(name);
    if (typeof fallback !== 'string' || fallback === '' || section.tree.place(path)?.bad) continue;
    const others = names.filter((other) => other !== name);
    if (!others.includes(fallback)) {
      section.problem(
        path,
        `${pathLabel(path)}: found ${section.shown(path)}, which is no other sink, allowed: ${others.join(', ') || 'nothing, since there is no other sink'}${section.hint(path, others)}`,
      );
      continue;
    }
    const chain = new Set([name]);
    let next: unknown = fallback;
    while (typeof next === 'string' && !chain.has(next)) {
      chain.add(next);
      next = fallbackOf(next);
    }
    if (next === name)
      section.problem(
        path,
        `${pathLabel(path)}: leads in a circle (${[...chain, name].join(' → ')}), allowed: a chain that ends`,
      );
  }
};
