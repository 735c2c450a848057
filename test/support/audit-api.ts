import { onTestFinished } from 'vitest';
import { createSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/simulator.ts';
import type { WireEvent } from '../../src/simulator/wire.ts';

/** The account every simulator has unless told otherwise. */
export const ACCOUNT = { key: 'abcd1234', secret: 'simulator-secret' } as const;

/** A simulator that is closed at the end of the test. */
export const simulate = async (options: SimulatorOptions = {}): Promise<Simulator> => {
  const simulator = await createSimulator(options);
  onTestFinished(() => simulator.close());
  return simulator;
};

/** A page as it stands in an answer. */
export interface PageBody {
  readonly _embedded?: { readonly events: readonly WireEvent[] };
  readonly _links: Readonly<Record<string, { readonly href: string }>>;
  readonly page: {
    readonly size: number;
    readonly totalElements: number;
    readonly totalPages: number;
    readonly number: number;
  };
}

/** Asks the simulator anything below its base URL, as `who`. Follows no redirect. */
export const ask = (
  simulator: Pick<Simulator, 'url'>,
  path: string,
  { who = ACCOUNT, method = 'GET' }: { who?: { key: string; secret: string } | null; method?: string } = {},
): Promise<Response> =>
  fetch(`${simulator.url}${path}`, {
    method,
    redirect: 'manual',
    headers: who
      ? { authorization: `Basic ${Buffer.from(`${who.key}:${who.secret}`).toString('base64')}` }
      : {},
  });

/** One page of the list. Fails on any status but 200. */
export const readPage = async (
  simulator: Pick<Simulator, 'url'>,
  params: Readonly<Record<string, string | number>> = {},
): Promise<PageBody> => {
  const query = new URLSearchParams(
    Object.entries(params).map(([name, value]): [string, string] => [name, String(value)]),
  );
  const response = await ask(simulator, `/events?${query.toString()}`);
  if (response.status !== 200) throw new Error(`status ${response.status}: ${await response.text()}`);
  return (await response.json()) as PageBody;
};

/** Ids of the events of one page, in order. */
export const idsOf = (body: PageBody): readonly string[] =>
  (body._embedded?.events ?? []).map(({ id }) => id);

/** Ids page by page, as many pages as page 1 says there are. */
export const readAllIds = async (
  simulator: Pick<Simulator, 'url'>,
  params: Readonly<Record<string, string | number>> = {},
): Promise<readonly (readonly string[])[]> => {
  const first = await readPage(simulator, { ...params, page: 1 });
  const pages = [idsOf(first)];
  for (let page = 2; page <= first.page.totalPages; page++)
    pages.push(idsOf(await readPage(simulator, { ...params, page })));
  return pages;
};
