import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createOutput } from '../../src/cli/output.ts';
import { createProgress } from '../../src/cli/progress.ts';

const streamOf = (tty: boolean, write: (text: string, done: (error?: Error) => void) => void) =>
  Object.assign(
    new Writable({ decodeStrings: false, write: (chunk, _, done) => write(String(chunk), done) }),
    tty ? { isTTY: true, columns: 60 } : {},
  );

describe('output of commands', () => {
  it.each([
    ['on a terminal', true, undefined, '\u001b[31mx\u001b[0m'],
    ['on a terminal with NO_COLOR', true, '1', 'x'],
    ['on a terminal with an empty NO_COLOR', true, '', '\u001b[31mx\u001b[0m'],
    ['in a file', false, undefined, 'x'],
  ])('is coloured only where it is wanted: %s', (_, tty, noColor, shown) => {
    expect(
      createOutput(
        streamOf(tty, (__, done) => done()),
        noColor,
      ).colours.bad('x'),
    ).toBe(shown);
  });

  it('waits for a slow reader', async () => {
    const texts: string[] = [];
    const release: (() => void)[] = [];
    const stream = streamOf(false, (text, done) => {
      texts.push(text);
      release.push(done);
    });
    const out = createOutput(stream, undefined);
    const line = out.line('a');
    const soon = new Promise((resolve) => setImmediate(resolve, 'waiting'));
    expect(await Promise.race([line, soon])).toBe('waiting');
    release[0]?.();
    await line;
    expect(texts).toEqual(['a\n']);
  });

  it('takes a reader that has gone away for the end of writing, not for an error', async () => {
    const gone = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
    const out = createOutput(
      streamOf(false, (_, done) => done(gone)),
      undefined,
    );
    await out.line('a');
    await new Promise((resolve) => setImmediate(resolve));
    expect(out.closed).toBe(true);
    await out.line('b');
  });

  it('writes JSON that steers no terminal', async () => {
    let text = '';
    const out = createOutput(
      streamOf(false, (chunk, done) => {
        text += chunk;
        done();
      }),
      undefined,
    );
    await out.json({ a: '\u009b2J' });
    expect(text).toBe('{"a":"\\u009b2J"}\n');
  });
});

describe('the progress bar', () => {
  it('draws on a terminal a few times a second at most, in its width, and is taken away', () => {
    let nowMs = 0;
    const texts: string[] = [];
    const progress = createProgress(
      { isTTY: true, columns: 40, write: (text) => texts.push(text) },
      () => nowMs,
    );
    progress.update(0.5, '1,000 events and much more than fits');
    progress.update(0.6, '1,001 events');
    nowMs = 100;
    progress.update(2, 'ok');
    progress.clear();
    progress.clear();
    expect(texts).toHaveLength(3);
    expect(texts[0]).toBe(`\r${'█'.repeat(15)}${'░'.repeat(15)}  50%  1,\u001b[K`);
    expect(texts[1]).toContain('100%  ok');
    expect(texts[2]).toBe('\r\u001b[K');
  });

  it('writes nothing to anything else', () => {
    const texts: string[] = [];
    const progress = createProgress({ write: (text) => texts.push(text) }, () => 0);
    progress.update(0.5, 'half');
    progress.clear();
    expect(texts).toEqual([]);
  });
});
