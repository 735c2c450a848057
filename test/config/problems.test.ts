import { describe, expect, it } from 'vitest';
import { ACCOUNT, load } from './files.ts';

/** Bad configurations with every problem they must be told, in order. A text without `accounts` gets one, as line 1. */
const CASES: readonly (readonly [title: string, text: string, problems: readonly string[]])[] = [
  ['nothing', '', ['monitor.yml:1:1: the file is empty; allowed: at least "accounts"']],
  ['only comments', '# later\n', ['monitor.yml:1:1: the file is empty; allowed: at least "accounts"']],
  ['a list', '- a\n', ['monitor.yml:1:1: top level: found a list, allowed: a map with at least "accounts"']],
  [
    'a text',
    'hello\n',
    ['monitor.yml:1:1: top level: found a text (not shown), allowed: a map with at least "accounts"'],
  ],
  ['no accounts', 'timezone: UTC\n', ['monitor.yml:1:1: accounts is missing; allowed: a list']],
  [
    'an empty list of accounts',
    'accounts: []\n',
    ['monitor.yml:1:11: accounts: found an empty list, allowed: a list of at least one account'],
  ],
  ['accounts left blank', 'accounts:\n', ['monitor.yml:1:10: accounts: found nothing, allowed: a list']],
  [
    'an account without anything',
    'accounts: [{}]\n',
    [
      'monitor.yml:1:12: accounts[0].name is missing; allowed: a text',
      'monitor.yml:1:12: accounts[0].api_key is missing; allowed: a text',
      'monitor.yml:1:12: accounts[0].api_secret is missing; allowed: api_secret or api_secret_file',
    ],
  ],
  [
    'an account that is called as all of them together are',
    'accounts:\n  - { name: "(fleet)", api_key: k, api_secret: s }\n',
    [
      'monitor.yml:2:13: accounts[0].name: found "(fleet)", allowed: 1 to 64 letters, digits, "_", "." or "-"',
    ],
  ],
  [
    'two accounts of one name',
    'accounts:\n  - { name: a, api_key: k1, api_secret: s }\n  - { name: a, api_key: k2, api_secret: s }\n',
    ['monitor.yml:3:13: accounts[1].name: found the name of accounts[0], allowed: a name of its own'],
  ],
  [
    'a name with a space, a key with a colon, an empty secret',
    'accounts:\n  - { name: a b, api_key: "k:1", api_secret: "" }\n',
    [
      'monitor.yml:2:13: accounts[0].name: found "a b", allowed: 1 to 64 letters, digits, "_", "." or "-"',
      'monitor.yml:2:27: accounts[0].api_key: found a text (not shown), allowed: a text that is not empty, without white space and ":"',
      'monitor.yml:2:46: accounts[0].api_secret: found an empty text, allowed: a text that is not empty',
    ],
  ],
  [
    'unknown keys everywhere, near and far',
    'pol: {}\nfrobnicate: 1\npoll: { intervall: 30s }\nhttp: { frob: 1 }\n',
    [
      'monitor.yml:2:1: unknown key "pol"; did you mean "poll"?',
      'monitor.yml:3:1: unknown key "frobnicate"; allowed: accounts, api, poll, reconcile, drift, store, rules, lists, timezone, time_windows, presets, sinks, routes, http, drill, heartbeat, tracing, log, reload',
      'monitor.yml:4:9: poll: unknown key "intervall"; did you mean "interval"?',
      'monitor.yml:5:9: http: unknown key "frob"; allowed: listen, external_url, tokens, metrics',
    ],
  ],
  [
    'a key given twice',
    'log: { level: info, level: warn }\nlog: {}\n',
    [
      'monitor.yml:2:21: log: key "level" is given twice, first on line 2',
      'monitor.yml:3:1: top level: key "log" is given twice, first on line 2',
    ],
  ],
  [
    'a tab',
    'poll:\n\tinterval: 1s\n',
    ['monitor.yml:3:1: not valid YAML: found a tab in the indentation; allowed: spaces'],
  ],
  [
    'a reference in a flow map without quotes',
    'log: { level: ${LEVEL} }\n',
    [
      'monitor.yml:2:16: not valid YAML: this cannot stand here; allowed: "key: value", "- item" at the same indentation, a comment after " #"; inside { } and [ ] write "${NAME}" in quotes',
    ],
  ],
  [
    'a second document',
    '---\nlog: {}\n',
    ['monitor.yml:2:1: not valid YAML: found a second document ("---"); allowed: one'],
  ],
  [
    'a tag',
    'timezone: !zone UTC\n',
    ['monitor.yml:2:11: not valid YAML: found a tag ("!…"); allowed: values without tags'],
  ],
  [
    'an alias to nowhere',
    'log: *nope\n',
    ['monitor.yml:2:6: log: alias "*nope" leads nowhere: no anchor of that name stands before it'],
  ],
  [
    'an alias to itself',
    'lists: &l { a: [*l] }\n',
    ['monitor.yml:2:17: lists.a[0]: alias "*l" leads nowhere: it holds itself'],
  ],
  [
    'a merge key',
    'log: { <<: { level: info } }\n',
    ['monitor.yml:2:8: log: unknown key "<<"; allowed: level, events'],
  ],
  [
    'a key that changes prototypes',
    'lists: { __proto__: [a] }\n',
    ['monitor.yml:2:10: lists: found a key that is none; allowed: a plain text'],
  ],
  [
    'numbers out of bounds and of the wrong kind',
    'api: { page_size: 0 }\npoll: { max_window_events: 99.5 }\n',
    [
      'monitor.yml:2:19: api.page_size: found 0, allowed: a whole number from 1 to 100',
      'monitor.yml:3:28: poll.max_window_events: found 99.5, allowed: a whole number from 100 to 100000',
    ],
  ],
  [
    'durations without unit, out of bounds, of other kinds',
    'api: { timeout: 10 }\npoll: { interval: 49ms, overlap: 31d, settle: [] }\n',
    [
      'monitor.yml:2:17: api.timeout: found "10", allowed: a duration from 100ms to 5m, such as 10s (units ms s m h d w)',
      'monitor.yml:3:19: poll.interval: found "49ms", allowed: a duration from 50ms to 24h, such as 30s (units ms s m h d w)',
      'monitor.yml:3:34: poll.overlap: found "31d", allowed: auto, or a duration from 0s to 30d, such as 10m (units ms s m h d w)',
      'monitor.yml:3:47: poll.settle: found an empty list, allowed: a duration from 0s to 1h, such as 5s (units ms s m h d w)',
    ],
  ],
  ...['yesterday', '2026-01-01', '2026-01-01T00:00:00', '2026-02-31T00:00:00Z'].map(
    (start) =>
      [
        `a start of ${start}`,
        `poll: { start: ${start} }\n`,
        [
          `monitor.yml:2:16: poll.start: found "${start}", allowed: now, a duration such as 24h, or a time with its zone such as 2026-01-01T00:00:00Z`,
        ],
      ] as const,
  ),
  [
    'a retention within the overlap',
    'poll: { overlap: 3h }\nstore: { retention: 2h }\n',
    [
      'monitor.yml:3:21: store.retention: found a time within poll.overlap and poll.settle, so events would be forgotten while they are still read again; allowed: longer',
    ],
  ],
  ...['ftp://example.com', 'example.com', 'https://example.com/?a=1', 'https://example.com/#a'].map(
    (url) =>
      [
        `a base URL of ${url}`,
        `api: { base_url: "${url}" }\n`,
        [
          `monitor.yml:2:18: api.base_url: found "${url}", allowed: an http or https URL without user, "?" and "#"`,
        ],
      ] as const,
  ),
  [
    'a base URL with a password, which is not repeated',
    'api: { base_url: "https://user:hunter2@example.com" }\n',
    [
      'monitor.yml:2:18: api.base_url: found "https://…@example.com", allowed: an http or https URL without user, "?" and "#"',
    ],
  ],
  ...['8080', 'localhost', ':8080', '"::1:8080"', '"[::1]"', '127.0.0.1:65536', '"[zz]:80"'].map(
    (listen) =>
      [
        `listening on ${listen}`,
        `http: { listen: ${listen} }\n`,
        [
          `monitor.yml:2:17: http.listen: found "${listen.replaceAll('"', '')}", allowed: host:port such as 127.0.0.1:8080 or "[::1]:8080" (port 0: any free one), or off`,
        ],
      ] as const,
  ),
  [
    'a level there is not',
    'log: { level: warning }\n',
    ['monitor.yml:2:15: log.level: found "warning", allowed: debug, info, warn, error; did you mean "warn"?'],
  ],
  ...['Europe/Lodon', '+01:00'].map(
    (zone) =>
      [
        `a zone of ${zone}`,
        `timezone: ${zone}\n`,
        [
          `monitor.yml:2:11: timezone: found "${zone}", allowed: a name of the IANA time zone database, such as UTC or Europe/London`,
        ],
      ] as const,
  ),
  [
    'a store in two places',
    "store: { path: a.db, url: 'postgres://u:secret@h/d' }\n",
    ['monitor.yml:2:8: store: found path and url, allowed: one of path, url, url_file'],
  ],
  [
    'a database that is none',
    "store: { url: 'mysql://u:secret@h/d' }\n",
    [
      'monitor.yml:2:15: store.url: holds no URL of a database, allowed: postgres://user:password@host:port/database',
    ],
  ],
  [
    'two words on TLS',
    "store: { url: 'postgres://u:secret@h/d?sslmode=no-verify&sslcert=a.pem', tls: { ca: a.pem } }\n",
    [
      'monitor.yml:2:15: store.url: found sslmode and sslcert in the URL beside store.tls, allowed: one of them, since the URL would override what store.tls says',
    ],
  ],
  [
    'how to reach a database where there is none',
    'store: { path: a.db, pool_size: 5, tls: { ca: a.pem } }\n',
    [
      'monitor.yml:2:33: store.pool_size: is about a database, allowed: with url or url_file',
      'monitor.yml:2:41: store.tls: is about a database, allowed: with url or url_file',
    ],
  ],
  [
    'a database in memory',
    'store: { path: ":memory:" }\n',
    ['monitor.yml:2:16: store.path: found ":memory:", allowed: the path of a file'],
  ],
  [
    'lists that are none',
    'lists: { a: x, b: [{}], "c d": [] }\n',
    [
      'monitor.yml:2:13: lists.a: found a text (not shown), allowed: a list of texts, or a map with the key "file"',
      'monitor.yml:2:20: lists.b[0]: found an empty map, allowed: a text',
      'monitor.yml:2:25: lists.c d: found this name, allowed: 1 to 64 letters, digits, "_", "." or "-"',
    ],
  ],
  [
    'rules that are not there',
    'rules: [rules, nope.yml, rules/none]\n',
    [
      'monitor.yml:2:16: rules[1]: found "nope.yml" (no such file), allowed: rule files and folders of them',
      'monitor.yml:2:26: rules[2]: found "rules/none" (no such file), allowed: rule files and folders of them',
    ],
  ],
  [
    'no sinks',
    'sinks: {}\n',
    [
      'monitor.yml:2:8: sinks: found an empty map, allowed: a map of at least one sink, such as console: {type: log}',
    ],
  ],
  [
    'sinks of no type, of an unknown type, of a bad name, and none',
    'sinks:\n  a: {}\n  b: { type: webhok }\n  c d: { type: log }\n  e: log\n',
    [
      'monitor.yml:3:6: sinks.a.type is missing; allowed: log, webhook, email',
      'monitor.yml:4:14: sinks.b.type: found "webhok", allowed: log, webhook, email; did you mean "webhook"?',
      'monitor.yml:5:3: sinks.c d: found this name, allowed: 1 to 64 letters, digits, "_", "." or "-"',
      'monitor.yml:6:6: sinks.e: found a text (not shown), allowed: a map such as {type: log}',
    ],
  ],
  [
    'options that a sink does not have or allow; its secrets are not repeated',
    'sinks:\n  w: { type: webhook, url: hunter2, ulr: hunter2, concurrency: 12, headers: { authorization: [hunter2] } }\n',
    [
      'monitor.yml:3:28: sinks.w.url: found a text (not shown), allowed: a URL',
      'monitor.yml:3:37: sinks.w: unknown key "ulr"; did you mean "url"?',
      'monitor.yml:3:64: sinks.w.concurrency: found 12, allowed: at most 9',
      'monitor.yml:3:94: sinks.w.headers.authorization: found a list, allowed: a text',
    ],
  ],
  [
    'a sink without its url',
    'sinks:\n  w: { type: webhook }\n',
    ['monitor.yml:3:6: sinks.w.url is missing; allowed: a text'],
  ],
  [
    'a union fails where the nearest alternative does',
    'sinks:\n  w: { type: webhook, url: "http://a/", secret: [a, {}] }\n',
    ['monitor.yml:3:53: sinks.w.secret[1]: found an empty map, allowed: a text'],
  ],
  [
    'a union fails as a whole',
    'sinks:\n  w: { type: webhook, url: "http://a/", secret: {} }\n',
    ['monitor.yml:3:49: sinks.w.secret: found an empty map, allowed: a text or a list'],
  ],
  [
    'a sink that is off is still checked',
    'sinks:\n  e: { type: email, url: "", to: [nobody, ""], frob: 1 }\n',
    [
      'monitor.yml:3:35: sinks.e.to[0]: found "nobody", allowed: an address',
      'monitor.yml:3:48: sinks.e: unknown key "frob"; allowed: url, to, rate, burst, fold_above, max_age, fallback, url_file, type',
    ],
  ],
  [
    'no routes',
    'routes: []\n',
    ['monitor.yml:2:9: routes: found an empty list, allowed: a list of at least one route'],
  ],
  [
    'routes to sinks there are not; every route is told at once',
    'routes:\n  - { match: { level: hihg, kind: [system, ruel], account: b }, to: [consle] }\n  - { to: [console, slack] }\n',
    [
      'monitor.yml:3:23: routes[0].match.level: found "hihg", allowed: informational, low, medium, high, critical; did you mean "high"?',
      'monitor.yml:3:44: routes[0].match.kind[1]: found "ruel", allowed: rule, system, drill, summary, event; did you mean "rule"?',
      'monitor.yml:3:60: routes[0].match.account: found "b", allowed: a, (fleet); did you mean "a"?',
      'monitor.yml:3:70: routes[0].to[0]: found "consle", which is no sink, allowed: console; did you mean "console"?',
      'monitor.yml:4:21: routes[1].to[1]: found "slack", which is no sink, allowed: console',
    ],
  ],
  [
    'no catch-all',
    'routes:\n  - { match: { level: high }, to: [console] }\n',
    [
      'monitor.yml:3:5: routes[0]: the last route has "match", so an alert could go nowhere; allowed: a last route without it, such as { to: [console] }',
    ],
  ],
  [
    'a route behind the catch-all',
    'routes:\n  - { to: [console] }\n  - { to: [console] }\n',
    [
      'monitor.yml:3:5: routes[0]: takes every alert, so the 1 after it can get none; allowed: "match", "continue: true", or this route as the last',
    ],
  ],
  [
    'routes with other faults',
    'routes:\n  - { match: {}, to: [] }\n  - { match: { levle: high, tag: [] }, to: console, continue: maybe }\n  - { to: [console] }\n',
    [
      'monitor.yml:3:14: routes[0].match: found an empty map, allowed: at least one key (without "match" the route takes every alert)',
      'monitor.yml:3:22: routes[0].to: found an empty list, allowed: a list of at least one sink',
      'monitor.yml:4:16: routes[1].match: unknown key "levle"; did you mean "level"?',
      'monitor.yml:4:34: routes[1].match.tag: found an empty list, allowed: a list of at least one text',
      'monitor.yml:4:44: routes[1].to: found a text (not shown), allowed: a list',
      'monitor.yml:4:63: routes[1].continue: found "maybe", allowed: true or false',
    ],
  ],
  [
    'limits of a sink that are none',
    'sinks:\n  a: { type: log, rate: 0, burst: 0, fold_above: 1.5, max_age: 5s, fallback: "" }\n  b: { type: log, rate: fast, fold_above: on }\n',
    [
      'monitor.yml:3:25: sinks.a.rate: found 0, allowed: a number above 0 and up to 1000, or off',
      'monitor.yml:3:35: sinks.a.burst: found 0, allowed: a whole number from 1 to 10000',
      'monitor.yml:3:50: sinks.a.fold_above: found 1.5, allowed: a whole number from 1 to 100000, or off',
      'monitor.yml:3:64: sinks.a.max_age: found "5s", allowed: a duration from 1m to 365d, such as 3d (units ms s m h d w)',
      'monitor.yml:3:78: sinks.a.fallback: found an empty text, allowed: the name of another sink',
      'monitor.yml:4:25: sinks.b.rate: found "fast", allowed: a number above 0 and up to 1000, or off',
      'monitor.yml:4:43: sinks.b.fold_above: found "on", allowed: a whole number from 1 to 100000, or off',
    ],
  ],
  [
    'fallbacks to nothing, to itself and in a circle',
    'sinks:\n  a: { type: log, fallback: b }\n  b: { type: log, fallback: c }\n  c: { type: log, fallback: a }\n  d: { type: log, fallback: d }\n  e: { type: log, fallback: ax }\n  f: { type: log, fallback: a }\n',
    [
      'monitor.yml:3:29: sinks.a.fallback: leads in a circle (a → b → c → a), allowed: a chain that ends',
      'monitor.yml:4:29: sinks.b.fallback: leads in a circle (b → c → a → b), allowed: a chain that ends',
      'monitor.yml:5:29: sinks.c.fallback: leads in a circle (c → a → b → c), allowed: a chain that ends',
      'monitor.yml:6:29: sinks.d.fallback: found "d", which is no other sink, allowed: a, b, c, e, f; did you mean "a"?',
      'monitor.yml:7:29: sinks.e.fallback: found "ax", which is no other sink, allowed: a, b, c, d, f; did you mean "a"?',
    ],
  ],
  [
    'hours of routes',
    "time_windows: { office: { hours: '09:00-17:00' } }\nroutes:\n  - { match: { level: high }, to: [console], during: ofice }\n  - { match: { level: low }, to: [console], during: office, not_during: office }\n  - { match: { level: low }, to: [console], otherwise: next }\n  - { match: { level: low }, to: [console], during: office, otherwise: drop }\n  - { to: [console], not_during: office, otherwise: next }\n",
    [
      'monitor.yml:4:54: routes[0].during: found "ofice", which is no time window, allowed: office; did you mean "office"?',
      'monitor.yml:5:73: routes[1]: found both during and not_during, allowed: one of them',
      'monitor.yml:6:56: routes[2].otherwise: has no meaning without during or not_during',
      'monitor.yml:7:72: routes[3].otherwise: found "drop", allowed: hold, next',
      'monitor.yml:8:53: routes[4].otherwise: the last route passes alerts on to no other, so they could go nowhere; allowed: hold',
    ],
  ],
  [
    'a window without any',
    'routes:\n  - { to: [console], during: office }\n',
    [
      'monitor.yml:3:30: routes[0].during: found "office", which is no time window, allowed: nothing, since there is none',
    ],
  ],
  [
    'a route behind one that holds everything',
    'time_windows: { office: {} }\nroutes:\n  - { to: [console], during: office }\n  - { to: [console] }\n',
    [
      'monitor.yml:4:5: routes[0]: takes every alert, so the 1 after it can get none; allowed: "match", "continue: true", or this route as the last',
    ],
  ],
  [
    'expressions and negations in a match',
    "routes:\n  - { match: { rule: '~(', level: '!hihg', kind: ['~', '!~^sys', '=rule'], event_type: '~(?=x)' }, to: [console] }\n  - { to: [console] }\n",
    [
      'monitor.yml:3:22: routes[0].match.rule: found "~(", no regular expression: error parsing regexp: missing closing ): `(?i)(`; allowed: a text, or "~" and a regular expression, either with "!" before it',
      'monitor.yml:3:35: routes[0].match.level: found "!hihg", allowed: informational, low, medium, high, critical',
      'monitor.yml:3:51: routes[0].match.kind[0]: found "~", an expression is missing after "~"; allowed: a text, or "~" and a regular expression, either with "!" before it',
      'monitor.yml:3:88: routes[0].match.event_type: found "~(?=x)", no regular expression: error parsing regexp: invalid or unsupported Perl syntax: `(?=`; allowed: a text, or "~" and a regular expression, either with "!" before it',
    ],
  ],
  [
    'groups',
    'routes:\n  - { to: [console], group: { by: [rule, acount, 3], wait: 2h, interval: 0s, every: 1m } }\n',
    [
      'monitor.yml:3:42: routes[0].group.by: unknown key "acount"; did you mean "account"?',
      'monitor.yml:3:60: routes[0].group.wait: found "2h", allowed: a duration from 0s to 1h, such as 30s (units ms s m h d w)',
      'monitor.yml:3:74: routes[0].group.interval: found "0s", allowed: a duration from 1s to 7d, such as 5m (units ms s m h d w)',
      'monitor.yml:3:78: routes[0].group: unknown key "every"; allowed: by, wait, interval',
    ],
  ],
  [
    'a drill',
    "drill: { at: '24:00', days: someday, to: [nobody, console], within: 1s }\n",
    [
      'monitor.yml:2:14: drill.at: found "24:00", allowed: a time of the day such as 09:00',
      'monitor.yml:2:29: drill.days: found "someday", allowed: mon, tue, wed, thu, fri, sat, sun and ranges such as mon-fri',
      'monitor.yml:2:43: drill.to[0]: found "nobody", which is no sink, allowed: console',
      'monitor.yml:2:69: drill.within: found "1s", allowed: a duration from 10s to 24h, such as 10m (units ms s m h d w)',
    ],
  ],
  [
    'a drill without a time',
    'drill: { to: [] }\n',
    [
      'monitor.yml:2:8: drill.at is missing; allowed: a time of the day such as 09:00',
      'monitor.yml:2:14: drill.to: found an empty list, allowed: a list of at least one sink',
    ],
  ],
  [
    'a heartbeat',
    "heartbeat: { url: 'ftp://x', interval: 1s }\n",
    [
      'monitor.yml:2:19: heartbeat.url: found a text (not shown), allowed: an http or https URL, or an empty text',
      'monitor.yml:2:40: heartbeat.interval: found "1s", allowed: a duration from 5s to 24h, such as 1m (units ms s m h d w)',
    ],
  ],
  [
    'a heartbeat to nowhere',
    'heartbeat: {}\n',
    ['monitor.yml:2:12: heartbeat.url is missing; allowed: url or url_file'],
  ],
  [
    'a heartbeat to two places',
    "heartbeat: { url: 'http://127.0.0.1/x', url_file: token }\n",
    ['monitor.yml:2:12: heartbeat: found both url and url_file, allowed: one of them'],
  ],
  [
    'a link base that is no URL',
    "http: { external_url: 'example.com' }\n",
    [
      'monitor.yml:2:23: http.external_url: found "example.com", allowed: an http or https URL without user, "?" and "#", or an empty text',
    ],
  ],
  [
    'tokens of the HTTP API',
    `http:
  metrics: nobody
  tokens:
    - { name: a b, role: admin, token: short }
`,
    [
      'monitor.yml:3:12: http.metrics: found "nobody", allowed: open, token',
      'monitor.yml:5:15: http.tokens[0].name: found "a b", allowed: 1 to 64 letters, digits, "_", "." or "-"',
      'monitor.yml:5:26: http.tokens[0].role: found "admin", allowed: view, operate',
    ],
  ],
  [
    'tokens that nobody should have',
    `http:
  tokens:
    - { name: short, role: view, token: tooShortAToken }
    - { name: spaces, role: view, token: 'twenty characters and more' }
    - { name: none, role: view }
    - { name: both, role: view, token: aaaaaaaaaaaaaaaaaaaaaaaa, token_file: x }
    - { name: one, role: view, token: aaaaaaaaaaaaaaaaaaaaaaaa }
    - { name: one, role: view, token: bbbbbbbbbbbbbbbbbbbbbbbb }
    - { name: same, role: operate, token: aaaaaaaaaaaaaaaaaaaaaaaa }
    - { name: gone, role: view, token_file: gone }
`,
    [
      'monitor.yml:4:41: http.tokens[0].token: found a text of 14 characters (not shown), allowed: 20 to 500 printable ASCII characters without white space',
      'monitor.yml:5:42: http.tokens[1].token: found a text of 26 characters (not shown), allowed: 20 to 500 printable ASCII characters without white space',
      'monitor.yml:6:7: http.tokens[2].token is missing; allowed: token or token_file',
      'monitor.yml:7:7: http.tokens[3]: found both token and token_file, allowed: one of them',
      'monitor.yml:9:15: http.tokens[5].name: found the name of http.tokens[4], allowed: one of its own',
      'monitor.yml:10:7: http.tokens[6]: found the token of http.tokens[4], allowed: one of its own',
      'monitor.yml:11:45: http.tokens[7].token_file: found "gone" (no such file), allowed: a readable file that holds the secret',
    ],
  ],
  [
    'metrics for those who have a token, and nobody has',
    'http: { metrics: token, tokens: [{ name: off, role: view, token: "" }] }\n',
    [
      'monitor.yml:2:18: http.metrics: found token, and there are no http.tokens, allowed: open, or at least one token',
    ],
  ],
];

describe('problems of a configuration', () => {
  it.each(CASES)('%s', async (_title, text, expected) => {
    const complete = text.startsWith('accounts') || !text.includes(':') || text === 'timezone: UTC\n';
    const whole = complete ? text : ACCOUNT + text;
    const loaded = await load(whole);
    expect(loaded.problems).toEqual(expected);
    expect(loaded.settings).toBeUndefined();
  });
});
