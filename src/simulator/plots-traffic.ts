import type { JsonObject } from '../base/json.ts';
import { appFields } from './contexts.ts';
import { type Beat, login, type Plot } from './plot.ts';
import { type Application, dramaMobile, type World } from './world.ts';

const appDisguised = (world: World, app: Application, answerUrl: string, eventUrl: string): JsonObject => ({
  appId: app.appId,
  updated: appFields(world.account, { ...app, answerUrl, eventUrl }),
});

/** Attacks on what passes through the account: calls, messages, callbacks. */
export const TRAFFIC_PLOTS = {
  tollFraud: {
    title: 'Toll fraud by call forwarding',
    victim: 'developer',
    beats: (scene) => {
      const { world, rand } = scene;
      const first = rand.int(0, world.numbers.length - 5);
      const numbers = world.numbers.slice(first, first + 5);
      return [
        login(scene),
        ...numbers.map(({ country, msisdn }, index): Beat => {
          const target = dramaMobile(600 + first + index);
          return {
            afterS: 60 + index * 20,
            type: 'NUMBER_UPDATED',
            note: `calls of ${msisdn} are forwarded to ${target}, which nobody here knows`,
            context: {
              country,
              msisdn,
              'voice-type': 'tel',
              'voice-value': target,
              http: 'https://hooks.example.com/sms/inbound',
            },
          };
        }),
        {
          afterS: 200,
          type: 'AUTORELOAD_ENABLE',
          note: 'auto-reload keeps the calls paid for',
          context: { ...world.autoreload, amount: 250, threshold: 200 },
        },
      ];
    },
  },
  callbackHijack: {
    title: 'Callback hijack',
    victim: 'developer',
    beats: (scene) => {
      const { world, rand } = scene;
      const voice = world.apps.filter(({ type }) => type === 'voice');
      const tunnel = `${rand.hex(12)}.ngrok.example`;
      return [
        login(scene),
        {
          afterS: 120,
          type: 'APP_UPDATE',
          note: 'the answer URL of an application goes to a tunnel to some laptop',
          context: appDisguised(
            world,
            voice[0] as Application,
            `https://${tunnel}/answer`,
            `https://${tunnel}/event`,
          ),
          source: 'DEVAPI',
        },
        {
          afterS: 180,
          type: 'APP_UPDATE',
          note: 'another one loses its encryption: http instead of https, and another host',
          context: appDisguised(
            world,
            voice[1] as Application,
            'http://203.0.113.80:8080/answer',
            'http://203.0.113.80:8080/event',
          ),
          source: 'DEVAPI',
        },
        {
          afterS: 260,
          type: 'ACCOUNT_UPDATE_SETTINGS_API',
          note: 'inbound messages of the whole account go to the same host',
          context: {
            account: world.account,
            moCallBackUrl: `https://${tunnel}/sms`,
            drCallBackUrl: 'https://hooks.example.com/sms/receipt',
          },
          source: 'DEVAPI',
        },
      ];
    },
  },
  codeInterception: {
    title: 'Interception of one-time codes',
    victim: 'support',
    beats: (scene) => {
      const { world, rand } = scene;
      const number = rand.pick(world.numbers);
      return [
        login(scene),
        {
          afterS: 45,
          type: 'USER_PRODUCT_SEARCH',
          note: 'the message log is searched for verification codes',
          context: { product: 'VERIFY', 'search-type': 'number', to: number.msisdn },
        },
        {
          afterS: 150,
          type: 'NUMBER_UNLINKED',
          note: `${number.msisdn} is taken from its application`,
          context: {
            country: number.country,
            account: world.account,
            msisdn: number.msisdn,
            applicationId: (world.apps[0] as Application).appId,
          },
        },
        {
          afterS: 190,
          type: 'NUMBER_UPDATED',
          note: `inbound messages of ${number.msisdn} are posted to another host`,
          context: {
            country: number.country,
            msisdn: number.msisdn,
            ...number.forwards[0],
            http: 'http://203.0.113.80/inbound',
          },
        },
      ];
    },
  },
} as const satisfies Record<string, Plot>;
