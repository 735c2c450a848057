import { describe, expect, it } from 'vitest';
import { ACCOUNT, load } from './files.ts';

const HOOK = 'siem: { type: webhook, url: "https://siem.example.com" }';
const configured = (routes: string, sinks = HOOK) =>
  load(`${ACCOUNT}sinks: { console: { type: log }, ${sinks} }\nroutes:\n${routes}`);

describe('routes of kind: event', () => {
  it('become feeds, wherever they stand; the others stay routes for alerts', async () => {
    const { settings, problems, warnings } = await configured(
      [
        '  - { match: { level: high }, to: [console] }',
        '  - { match: { kind: event, event_type: [A, B], context.country: GB }, to: [siem, siem] }',
        '  - { to: [console] }',
        '  - { match: { kind: [Event] }, to: [siem], from: start }',
      ].join('\n'),
    );
    expect([problems, warnings]).toEqual([[], []]);
    expect(settings?.feeds).toEqual([
      { match: { event_type: ['A', 'B'], 'context.country': ['GB'] }, to: ['siem'], from: 'now' },
      { match: undefined, to: ['siem'], from: 'start' },
    ]);
    expect(settings?.routes).toEqual([
      { match: { level: ['high'] }, to: ['console'], continue: false },
      { match: undefined, to: ['console'], continue: false },
    ]);
  });

  it('there are none without routes', async () => {
    expect((await load(ACCOUNT)).settings?.feeds).toEqual([]);
  });

  it('a sink that is off may stand in one', async () => {
    const { problems } = await configured(
      '  - { match: { kind: event }, to: [siem] }\n  - { to: [console] }',
      'siem: { type: webhook, url: "" }',
    );
    expect(problems).toEqual([]);
  });

  it.each<[string, string, readonly string[]]>([
    [
      'a sink that takes no events',
      '  - { match: { kind: event }, to: [console, siem] }\n  - { to: [console] }',
      [
        'monitor.yml:4:36: routes[0].to[0]: "console" is of type log and takes no events as it is configured; allowed: siem',
      ],
    ],
    [
      'what is about alerts',
      '  - { match: { kind: event, level: high }, to: [siem], continue: true }\n  - { to: [console] }',
      [
        'monitor.yml:4:29: routes[0].match: an event has no "level"; allowed beside kind: event: account, event_type and any field of an event',
        'monitor.yml:4:56: routes[0]: "continue" is about alerts, and a route of kind: event takes none; allowed: match, to, from',
      ],
    ],
    [
      'kinds of alert beside it',
      '  - { match: { kind: [event, rule] }, to: [siem] }\n  - { to: [console] }',
      [
        'monitor.yml:4:22: routes[0].match.kind: event beside kinds of alert; allowed: kind: event alone, and a route of its own for alerts',
      ],
    ],
    [
      'no route left for alerts',
      '  - { match: { kind: event }, to: [siem] }',
      [
        'monitor.yml:4:3: routes: every route feeds events, so an alert could go nowhere; allowed: a last route without "match", such as { to: [console] }',
      ],
    ],
    [
      'a feed as if it were the catch-all',
      '  - { match: { level: high }, to: [console] }\n  - { match: { kind: event }, to: [siem] }',
      [
        'monitor.yml:4:5: routes[0]: the last route has "match", so an alert could go nowhere; allowed: a last route without it, such as { to: [console] }',
      ],
    ],
    [
      'a beginning in a route for alerts',
      '  - { to: [console], from: start }',
      [
        'monitor.yml:4:22: routes[0]: "from" says where a feed begins, and this route takes alerts; allowed: "from" in a route whose match has kind: event',
      ],
    ],
    [
      'a beginning that is none',
      '  - { match: { kind: event }, to: [siem], from: yesterday }\n  - { to: [console] }',
      ['monitor.yml:4:49: routes[0].from: found "yesterday", allowed: now, start'],
    ],
  ])('%s is a problem with its place', async (_name, routes, expected) => {
    expect((await configured(routes)).problems).toEqual(expected);
  });

  it('no sink at all that takes events: the types that would are named', async () => {
    const { problems } = await load(
      `${ACCOUNT}routes:\n  - { match: { kind: event }, to: [console] }\n  - { to: [console] }\n`,
    );
    expect(problems).toEqual([
      'monitor.yml:3:36: routes[0].to[0]: "console" is of type log and takes no events as it is configured; allowed: a sink of type webhook',
    ]);
  });
});
