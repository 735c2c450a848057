import { describe, expect, it } from 'vitest';
import { readProxy } from '../../src/config/proxy.ts';
import { ACCOUNT, load } from './files.ts';

const API = 'https://api.example.com/events';

describe('proxy from the environment', () => {
  it.each([
    ['none', {}, API, undefined],
    ['HTTPS_PROXY', { HTTPS_PROXY: 'http://p:1' }, API, 'http://p:1'],
    ['https_proxy wins', { HTTPS_PROXY: 'http://p:1', https_proxy: 'http://q:1' }, API, 'http://q:1'],
    ['HTTPS_PROXY is not for http', { HTTPS_PROXY: 'http://p:1' }, 'http://api.example.com', undefined],
    ['HTTP_PROXY is for both', { HTTP_PROXY: 'http://p:1' }, API, 'http://p:1'],
    [
      'each its own',
      { HTTP_PROXY: 'http://p:1', HTTPS_PROXY: 'http://q:1' },
      'http://api.example.com',
      'http://p:1',
    ],
    ['without a scheme', { HTTPS_PROXY: 'p:1' }, API, 'http://p:1'],
    ['empty', { HTTPS_PROXY: '', https_proxy: ' ' }, API, undefined],
    ['no URL to ask about', { HTTPS_PROXY: 'http://p:1' }, 'nonsense', undefined],
  ])('%s', (_title, env, target, expected) => {
    expect(readProxy(env).proxy.urlFor(target)).toBe(expected);
  });

  it.each([
    ['api.example.com', true],
    ['API.Example.COM.', true],
    ['example.com', true],
    ['.example.com', true],
    ['*.example.com', true],
    ['other, example.com', true],
    ['other example.com', true],
    ['*', true],
    ['api.example.com:443', true],
    ['example.com:443', true],
    ['api.example.com:8443', false],
    ['ample.com', false],
    ['api.example.com.org', false],
    [',', false],
    ['.', false],
  ])('NO_PROXY %s', (exempt, direct) => {
    for (const name of ['NO_PROXY', 'no_proxy']) {
      const { proxy } = readProxy({ HTTPS_PROXY: 'http://p:1', [name]: exempt });
      expect(proxy.urlFor(API)).toBe(direct ? undefined : 'http://p:1');
    }
  });

  it('knows IPv6 addresses with and without brackets and port', () => {
    const direct = (exempt: string, target: string): boolean =>
      readProxy({ HTTPS_PROXY: 'http://p:1', NO_PROXY: exempt }).proxy.urlFor(target) === undefined;
    expect(direct('2001:db8::1', 'https://[2001:db8::1]/')).toBe(true);
    expect(direct('[2001:db8::1]', 'https://[2001:db8::1]/')).toBe(true);
    expect(direct('[2001:db8::1]:443', 'https://[2001:db8::1]/')).toBe(true);
    expect(direct('[2001:db8::1]:444', 'https://[2001:db8::1]/')).toBe(false);
    expect(direct('2001:db8::2', 'https://[2001:db8::1]/')).toBe(false);
  });

  it.each([
    'http://localhost:1',
    'https://127.0.0.1',
    'http://127.9.9.9',
    'http://[::1]:8',
    'http://a.localhost',
  ])('is never used for this machine: %s', (target) => {
    expect(readProxy({ HTTP_PROXY: 'http://p:1' }).proxy.urlFor(target)).toBeUndefined();
  });

  it('that is no http URL is a problem, told without its value', async () => {
    const { problems } = await load(ACCOUNT, {
      https_proxy: 'socks5://me:hunter2@p:1',
      HTTP_PROXY: 'http://',
    });
    expect(problems).toEqual([
      'environment: environment variable HTTP_PROXY: found a text (not shown), allowed: an http or https URL of a proxy',
      'environment: environment variable https_proxy: found a text (not shown), allowed: an http or https URL of a proxy',
    ]);
  });

  it('is part of the settings', async () => {
    const { settings } = await load(ACCOUNT, { HTTPS_PROXY: 'http://p:1' });
    expect(settings?.proxy.urlFor(API)).toBe('http://p:1');
  });
});
