import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { pidNamespace } from '../../src/app/holder.ts';

/* Two machines that start alike and have one name must not take each other's processes for dead ones of their own. */

const BOOT = '/proc/sys/kernel/random/boot_id';
const MACHINE = '/etc/machine-id';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holder-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

let machines = 0;
const seenOn = (files: Readonly<Record<string, string>>, namespace = '4026531836'): string => {
  machines += 1;
  const root = join(folder, String(machines));
  mkdirSync(join(root, 'proc/self/ns'), { recursive: true });
  symlinkSync(`pid:[${namespace}]`, join(root, 'proc/self/ns/pid'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return pidNamespace(root);
};

it.each([
  ['whose boot is seen', BOOT],
  // ProcSubset=pid, as the systemd unit has it.
  ['of which only the machine is seen', MACHINE],
])('processes %s are told from those of another one', (_, file) => {
  expect(seenOn({ [file]: 'one\n' })).toBe(seenOn({ [file]: 'one\n' }));
  expect(seenOn({ [file]: 'one\n' })).not.toBe(seenOn({ [file]: 'two\n' }));
  expect(seenOn({ [file]: 'one\n' })).not.toBe(seenOn({ [file]: 'one\n' }, '4026532000'));
  expect(seenOn({ [file]: 'one\n' })).toMatch(/^[0-9a-f]{8}-4026531836$/);
});

it('a boot is told from the one before, where it is seen', () => {
  expect(seenOn({ [BOOT]: 'one', [MACHINE]: 'x' })).not.toBe(seenOn({ [BOOT]: 'two', [MACHINE]: 'x' }));
});

it('a machine without a name of its own says nothing', () => {
  expect(seenOn({ [MACHINE]: '\n' })).toBe('-');
  expect(seenOn({})).toBe('-');
});
