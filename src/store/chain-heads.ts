import type { ChainHead, Chains } from '../core/chain.ts';
import { ACTS_KEY, hashText } from './chain.ts';
import type { Connection } from './connection.ts';
import { all } from './steps.ts';

interface HeadRow {
  readonly key: number;
  readonly account: string | null;
  readonly position: number;
  readonly hash: Buffer;
}

const HEADS = `SELECT c.account AS key, n.name AS account, c.head_position AS position, c.head_hash AS hash
  FROM chains AS c LEFT JOIN accounts AS n ON n.key = c.account ORDER BY c.account = ${ACTS_KEY}, n.name`;

/** Reads the heads of all chains. */
export const createChains = (connection: Connection): Chains => ({
  heads: () =>
    connection.read(function* () {
      return (yield* all<HeadRow>(HEADS)).map(
        ({ key, account, position, hash }): ChainHead => ({
          chain: key === ACTS_KEY ? 'acts' : 'events',
          account: account ?? '',
          position,
          hash: hashText(hash),
        }),
      );
    }),
});
