import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The simulator's account as it is unless a test says otherwise. */
export const KEY = 'abcd1234';
export const SECRET = 'simulator-secret';

/** A folder with a configuration and rules, as an operator has them. */
export interface Installation {
  readonly folder: string;
  readonly config: string;
  readonly database: string;
  /** Writes the configuration anew, with these sections in place of the usual ones. */
  configure(sections: object): void;
  /** Writes a rule file. */
  rule(name: string, text: string): void;
  remove(): void;
}

/** Matches every event of some types, at a level. */
export const ruleOf = (title: string, level: string, types: readonly string[]): string =>
  [
    `title: ${title}`,
    'logsource: {product: vonage, service: audit}',
    'detection:',
    `  selection: {event_type: [${types.join(', ')}]}`,
    '  condition: selection',
    `level: ${level}`,
  ].join('\n');

/** Makes a folder of its own under the system's temporary one. `baseUrl` is where the Audit API is. */
export const createInstallation = (baseUrl: string, sections: object = {}): Installation => {
  const folder = mkdtempSync(join(tmpdir(), 'vonage-audit-monitor-test-'));
  const config = join(folder, 'monitor.yml');
  const database = join(folder, 'data', 'monitor.db');
  mkdirSync(join(folder, 'rules'));
  const installation: Installation = {
    folder,
    config,
    database,
    configure(given) {
      // JSON is YAML.
      const fresh = `${config}.fresh`;
      writeFileSync(
        fresh,
        JSON.stringify({
          accounts: [{ name: 'default', api_key: KEY, api_secret: SECRET }],
          api: { base_url: baseUrl, timeout: '2s' },
          poll: { interval: '50ms', settle: '0s', overlap: '10m', start: '24h' },
          store: { path: database },
          rules: ['rules'],
          sinks: { console: { type: 'log' } },
          routes: [{ to: ['console'] }],
          http: { listen: '127.0.0.1:0' },
          ...given,
        }),
      );
      // A running monitor that looks meanwhile sees the whole of one of them.
      renameSync(fresh, config);
    },
    rule(name, text) {
      writeFileSync(join(folder, 'rules', name), text);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
  installation.configure(sections);
  return installation;
};
