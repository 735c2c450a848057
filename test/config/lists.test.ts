import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listValues } from '../../src/config/read-lists.ts';
import { isDays, isHours } from '../../src/config/values.ts';
import { createTimeWindow } from '../../src/core/time-window.ts';
import { createTimeZone, type TimeZone } from '../../src/core/time-zone.ts';
import { ACCOUNT, folder, load } from './files.ts';

const UTC = createTimeZone('UTC') as TimeZone;

describe('lists from files', () => {
  it('have one value a line, without comments, empty lines and white space around', async () => {
    const root = folder({
      'etc/monitor.yml': `${ACCOUNT}lists: { users: { file: ../lists/users.txt }, here: [a, '# b'] }\n`,
      'etc/rules/one.yml': 'title: One\n',
      'lists/users.txt':
        '\uFEFF# people\r\nanna@example.com\r\n\r\n  tom@example.com\t# on leave\n#x\nroom#5\n   \nlast',
    });
    const loaded = await load({ root: `${root}/etc` });
    expect(loaded.problems).toEqual([]);
    const users = ['anna@example.com', 'tom@example.com', 'room#5', 'last'];
    expect(loaded.settings?.lists).toEqual({ users, here: ['a', '# b'] });
    expect(loaded.lists).toEqual(loaded.settings?.lists);
  });

  it('may be empty, and are split at every kind of line end', () => {
    expect(listValues('')).toEqual([]);
    expect(listValues('a\rb\r\nc\n')).toEqual(['a', 'b', 'c']);
  });

  it('are a problem at their place when they cannot be read, and nothing is judged with half of them', async () => {
    const root = folder({
      'monitor.yml': `${ACCOUNT}lists:\n  users: { file: users.txt }\n  folder: { file: rules }\n  bytes: { file: b.txt }\n`,
      'rules/one.yml': 'title: One\n',
      'b.txt': new Uint8Array([0xff, 0xfe, 0x41]),
    });
    const { problems, settings, lists } = await load({ root });
    expect(problems).toEqual([
      'monitor.yml:3:18: lists.users.file: found "users.txt" (no such file), allowed: a text file with one value a line',
      'monitor.yml:4:19: lists.folder.file: found "rules" (a folder; allowed: a file), allowed: a text file with one value a line',
      'monitor.yml:5:18: lists.bytes.file: found "b.txt" (not UTF-8 (it looks like UTF-16); allowed: a text file in UTF-8), allowed: a text file with one value a line',
    ]);
    expect([settings, lists]).toEqual([undefined, undefined]);
  });

  it('are nothing but lists and files', async () => {
    const { problems } = await load(`${ACCOUNT}lists: { a: { fiel: x }, b: text, c: [1, { d: 1 }] }\n`);
    expect(problems).toEqual([
      expect.stringMatching(/lists\.a: found a map, allowed: a list of texts, or a map with the key "file"$/),
      expect.stringMatching(
        /lists\.b: found a text \(not shown\), allowed: a list of texts, or a map with the key "file"$/,
      ),
      expect.stringMatching(/lists\.c\[1\]: found a map, allowed: a text$/),
    ]);
  });
});

describe('time windows', () => {
  it('are read in every form', async () => {
    const { problems, settings, timeWindows } = await load(`${ACCOUNT}time_windows:
  office: { days: mon-fri, hours: "09:00-17:30" }
  shifts: { days: [mon, sat-sun], hours: ["06:00-10:00", "22:00-24:00"], timezone: Europe/Berlin }
  always: {}
`);
    expect(problems).toEqual([]);
    expect(settings?.timeWindows).toEqual({
      office: { days: ['mon-fri'], hours: ['09:00-17:30'] },
      shifts: {
        days: ['mon', 'sat-sun'],
        hours: ['06:00-10:00', '22:00-24:00'],
        timezone: 'Europe/Berlin',
      },
      always: {},
    });
    expect(timeWindows).toEqual(settings?.timeWindows);
  });

  it('say what they allow', async () => {
    const { problems } = await load(`${ACCOUNT}time_windows:
  a: { days: monday }
  b: { hours: 9-17 }
  c: { hours: ["09:00-09:00"] }
  d: { timezone: Berlin }
  e: { day: mon }
  f: { days: [] }
  'g h': {}
`);
    expect(problems).toEqual([
      'monitor.yml:3:14: time_windows.a.days: found "monday", allowed: mon, tue, wed, thu, fri, sat, sun and ranges such as mon-fri',
      'monitor.yml:4:15: time_windows.b.hours: found "9-17", allowed: a range of hours such as 09:00-17:30, over midnight such as 22:00-06:00',
      'monitor.yml:5:16: time_windows.c.hours[0]: found "09:00-09:00", allowed: a range of hours such as 09:00-17:30, over midnight such as 22:00-06:00',
      'monitor.yml:6:18: time_windows.d.timezone: found "Berlin", allowed: a name of the IANA time zone database, such as UTC or Europe/London',
      'monitor.yml:7:8: time_windows.e: unknown key "day"; did you mean "days"?',
      expect.stringMatching(
        /^monitor\.yml:8:14: time_windows\.f\.days: found an empty list, allowed: mon, tue/,
      ),
      expect.stringMatching(
        /^monitor\.yml:9:3: time_windows\.g h: found this name, allowed: 1 to 64 letters/,
      ),
    ]);
  });

  it('take nothing that the rules would refuse', () => {
    const clock = fc.tuple(fc.nat(26), fc.nat(61), fc.boolean()).map(([hour, minute, padded]) => {
      const digits = (value: number): string => String(value).padStart(padded ? 2 : 1, '0');
      return `${digits(hour)}:${String(minute).padStart(2, '0')}`;
    });
    fc.assert(
      fc.property(fc.tuple(clock, clock), ([from, to]) => {
        const hours = `${from}-${to}`;
        fc.pre(isHours(hours));
        expect(createTimeWindow({ hours: [hours] }, UTC)).toBeTypeOf('function');
      }),
    );
    const day = fc.constantFrom('mon', 'tue', 'sun', 'Mon', 'monday', 'm', '', 'fri-');
    fc.assert(
      fc.property(fc.array(day, { minLength: 1, maxLength: 3 }), (days) => {
        const text = days.join('-');
        fc.pre(isDays(text));
        expect(createTimeWindow({ days: [text] }, UTC)).toBeTypeOf('function');
      }),
    );
    expect([isDays('sat-mon'), isHours('22:00-06:00'), isHours('9:00-24:00')]).toEqual([true, true, true]);
  });
});
