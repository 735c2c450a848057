import type { Document } from './document.ts';
import { shown } from './problem.ts';

/** All documents by id and by name. Ids and names share one space; a second use is a problem. */
export const handlesOf = (documents: readonly Document[]): Map<string, Document> => {
  const byHandle = new Map<string, Document>();
  for (const document of documents) {
    const { header } = document;
    for (const key of ['id', 'name'] as const) {
      const handle = key === 'id' ? header.info.id : header.name;
      if (handle === undefined) continue;
      const other = byHandle.get(handle);
      if (!other || other.kind === 'skipped') byHandle.set(handle, document);
      // What is not loaded is in nobody's way: collections keep what was retired beside what took its place.
      if (!other || other === document || [other.kind, document.kind].includes('skipped')) continue;
      const place = `${other.header.info.file}:${other.header.line}`;
      const copy = key === 'id' && !header.fields.has('id');
      header.reporter.problem(
        header.fields.has(key) ? header.fields.at(key) : header.at,
        copy
          ? `this rule is a copy of the one at ${place}`
          : `the ${key} ${shown(handle)} is already used at ${place}`,
        `give every rule its own ${key}`,
      );
    }
  }
  return byHandle;
};
