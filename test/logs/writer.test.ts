import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { createWriter } from '../../src/logs/writer.ts';

const LOG = JSON.stringify(new URL('../../src/logs/log.ts', import.meta.url).href);

/** Runs a module that has `log`, in a process of its own with real descriptors. */
const start = (body: string) =>
  spawn(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import { createLog } from ${LOG};
       const log = createLog({ level: 'info', pretty: false, secrets: ['hunter2-hunter2'] });
       ${body}`,
    ],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  );

const run = async (body: string) => {
  const child = start(body);
  const [out, err, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null, string | null]>,
  ]);
  return { out, err, code, signal };
};

describe('createWriter', () => {
  it('writes the lines of one run together, transformed, before anything awaited goes on', async () => {
    const writes: string[] = [];
    const writer = createWriter({ write: (lines: string) => writes.push(lines) }, (lines) =>
      lines.toUpperCase(),
    );
    const send = async (): Promise<string> => {
      writer.write('a\n');
      writer.write('b\n');
      return 'sent';
    };
    await send();
    expect(writes).toEqual(['A\nB\n']);
  });

  it('does not let a long run fill the memory', () => {
    const writes: string[] = [];
    const writer = createWriter({ write: (lines: string) => writes.push(lines) }, (lines) => lines);
    for (let i = 0; i < 100; i++) writer.write('x'.repeat(10_000));
    expect(writes.length).toBeGreaterThan(10);
  });

  it('writes a large text whole to a file descriptor', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'log-'));
    const file = await open(join(folder, 'out'), 'w');
    const line = `${'é'.repeat(3_000_000)}\n`;
    createWriter(file.fd, (lines) => lines).write(line);
    expect(await readFile(join(folder, 'out'), 'utf8')).toBe(line);
    await file.close();
    await rm(folder, { recursive: true });
  });
});

describe('a process that logs', () => {
  it.each([
    ['process.exit in the same run', 'log.info("monitor.stopped"); process.exit(0);', 0],
    ['an uncaught error', 'log.info("monitor.stopped"); throw new Error("hunter2-hunter2".slice(0, 3));', 1],
    [
      'SIGTERM',
      'process.on("SIGTERM", () => { log.info("monitor.stopped"); process.exit(0); }); process.kill(process.pid, "SIGTERM"); setInterval(() => {}, 1000);',
      0,
    ],
    [
      'SIGKILL after an await',
      'log.info("monitor.stopped"); await 0; await 0; process.kill(process.pid, "SIGKILL"); for (;;);',
      null,
    ],
  ])('loses no line by %s', async (_how, body, code) => {
    const ended = await run(body);
    expect(ended.code).toBe(code);
    expect(
      ended.out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([expect.objectContaining({ event: 'monitor.stopped' })]);
  });

  it('outlives the reader of its stdout', async () => {
    const child = start(`
      process.stdin.once('data', () => {
        for (let i = 0; i < 20_000; i++) log.info('audit.event', { i });
        process.exitCode = 7;
        process.stdin.destroy();
      });
    `);
    child.stdout.destroy();
    await once(child.stdout, 'close');
    child.stdin.write('go');
    const [err, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    expect({ err, code }).toEqual({ err: '', code: 7 });
  });

  it('waits for a slow reader and loses nothing, on a pipe that does not block', async () => {
    // Touching process.stdout makes Node set its pipe to non-blocking, so that writes meet EAGAIN.
    const child = start(`
      process.stdout.write('');
      for (let i = 0; i < 5_000; i++) log.info('audit.event', { i, pad: 'x'.repeat(200) });
    `);
    const lines = (await text(child.stdout)).trimEnd().split('\n');
    expect(lines).toHaveLength(5_000);
    expect(JSON.parse(lines.at(-1) as string)).toMatchObject({ i: 4_999 });
  });
});
