import type { Page, PageQuery } from './history.ts';

/**
 * All items of a paged answer, one page in memory at a time. `read` is called with the query and the cursor of the
 * next page, such as `(query) => history.events(query)`.
 */
export async function* everyItem<Query extends PageQuery, T>(
  read: (query: Query) => Promise<Page<T>>,
  query: Query,
): AsyncGenerator<T, void, void> {
  let after = query.after;
  do {
    const page = await read(after === undefined ? query : { ...query, after });
    yield* page.items;
    after = page.next;
  } while (after !== undefined);
}
