/*
 * A PostgreSQL server of its own for a run of tests: `node postgres-server.ts FOLDER PARENT [durable]`. Says in FOLDER/ready how
 * to reach it, or in FOLDER/failed why it cannot be. Ends with SIGTERM, or when the process PARENT has ended without a word. With
 * `durable`, for benchmarks, it keeps what it has committed as it does by default; tests do without, to be quick.
 */
import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorText } from '../../src/base/errors.ts';
import { createOwnPostgres } from './own-postgres.ts';

const [folder = '', parent = '', durability = ''] = process.argv.slice(2);

const start = async (): Promise<void> => {
  const server = await createOwnPostgres(folder, { isDurable: durability === 'durable' });
  const stop = async (): Promise<void> => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
    process.exit(0);
  };
  await server.start();
  process.on('SIGTERM', () => void stop());
  setInterval(() => {
    if (!isAlive(Number(parent))) void stop();
  }, 1_000);
  writeFileSync(join(folder, 'pid'), String(process.pid));
  writeFileSync(join(folder, 'ready.part'), server.url);
  // The name appears with its content.
  symlinkSync('ready.part', join(folder, 'ready'));
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

await start().catch((error: unknown) => {
  writeFileSync(join(folder, 'failed'), errorText(error));
  process.exit(1);
});
