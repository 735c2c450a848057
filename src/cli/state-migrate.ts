import type { Command } from 'commander';
import { placeText } from '../core/store-place.ts';
import { openStoreAt } from '../store/open.ts';
import { about, CONFIG } from './about.ts';
import { outputs } from './output.ts';
import { storeFor } from './store-option.ts';

interface Options {
  readonly store?: string;
  readonly config?: string;
}

/** `state migrate`: makes a store, or brings it up to date, for those who give the monitor itself no right to. */
export const registerStateMigrate = (group: Command): void => {
  const command = group
    .command('migrate')
    .description('make the store, or bring it up to date, as "run" does at its start')
    .option(
      '--store <store>',
      'another store than that of the configuration: sqlite:FILE, postgres://… or url_file:FILE',
    )
    .option(...CONFIG)
    .action(async (options: Options) => {
      const place = await storeFor(options);
      const { out, err } = outputs();
      const onMigrationWaits = (reason: string): void => void err.line(`${placeText(place)}: ${reason}`);
      await (await openStoreAt(place, { now: Date.now, onMigrationWaits })).close();
      await out.line(`${placeText(place)}: up to date`);
    });
  about(command, ['state migrate --store url_file:/run/secrets/owner_url']);
};
