import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type MonitorProcess, startMonitor } from '../support/monitor-process.ts';

/** The demo keeps its database in the temporary folder; it gets one of its own, to see that nothing is left there. */
let temporary = '';
let demo: MonitorProcess | undefined;
beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), 'vam-demo-'));
});
afterEach(async () => {
  demo?.kill('SIGKILL');
  await demo?.ended;
  rmSync(temporary, { recursive: true, force: true });
});

describe('demo', () => {
  it('plays the attack, shows every step arriving at webhook and mail, and exits 0 when all were told', async () => {
    demo = startMonitor(['demo', '--for', '12s'], { TMPDIR: temporary });
    const { code } = await demo.ended;
    const output = demo.output();
    expect({ code, output }).toMatchObject({ code: 0 });
    expect(output.match(/^\d\d:\d\d:\d\d {2}ATTACKER {2}/gm)?.length).toBe(5);
    expect(output).toMatch(/^\d\d:\d\d:\d\d {2}webhook {3}HIGH {2}API Secret Was Created$/m);
    expect(output).toMatch(/^\d\d:\d\d:\d\d {2}e-mail {4}to oncall@example\.com: .*API Secret Was Created/m);
    expect(output).toContain('5 of the 5 steps of "Account takeover" were told.');
    // Not a terminal: no colours.
    expect(output).not.toContain('\u001b');
    expect(readdirSync(temporary)).toEqual([]);
  }, 60_000);

  it('ends with Ctrl-C, cleanly', async () => {
    demo = startMonitor(['demo'], { TMPDIR: temporary });
    const { child } = demo;
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    demo.kill('SIGINT');
    expect(await demo.ended).toEqual({ code: 0, signal: null });
    expect(readdirSync(temporary)).toEqual([]);
  });
});
