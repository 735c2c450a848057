/*
 * Loaded into a replica before anything else: lets it believe to be on a machine of its own, with the name in OWN_HOST. Others then
 * cannot see that its process is dead, and wait for its leases to run out.
 */
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';

const name = process.env.OWN_HOST ?? '';
os.hostname = () => name;
syncBuiltinESMExports();
