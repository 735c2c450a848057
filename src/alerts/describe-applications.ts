import { change, DASHBOARD, type Describe, factsOf, joined, piece } from './phrase.ts';

/** What an application calls, with the names under which contexts have it. */
const URLS = [
  ['Answer URL', 'answer URL', ['answer_url.url', 'answer_url.address', 'answer_url']],
  ['Fallback answer URL', 'fallback answer URL', ['fallback_answer_url.url', 'fallback_answer_url']],
  ['Event URL', 'event URL', ['event_url.url', 'event_url.address', 'event_url']],
  ['Inbound URL', 'inbound URL', ['inbound_url.url', 'inbound_url.address', 'inbound_url']],
  ['Status URL', 'status URL', ['status_url.url', 'status_url.address', 'status_url']],
] as const;

const application =
  (title: string, verb: string): Describe =>
  (context) => {
    const name = context.take('name', 'appName', 'applicationName');
    const before = context.takeOld('name', 'appName', 'applicationName');
    const id = context.take('appId', 'applicationId', 'app_id', 'application_id', 'id');
    const type = context.take('type');
    const urls = URLS.map(([label, words, names]) => ({
      label,
      words,
      now: context.take(...names),
      before: context.takeOld(...names),
    }));
    // How a URL is called is nothing anybody asks for at night.
    for (const { words } of urls) {
      const method = `${words.replaceAll(' ', '_')}.method`;
      context.take(method);
      context.takeOld(method);
    }
    return {
      title,
      act: `${verb} ${name === undefined ? (id === undefined ? 'an application' : `application ${id}`) : `application "${name}"`}`,
      detail: joined(
        before !== undefined && before !== name ? `its name was "${before}"` : '',
        ...urls.map(({ words, now, before: was }) =>
          piece(`${words} `, verb === 'created' ? now : change('', now, was)),
        ),
      ),
      facts: factsOf([
        ['Application', name],
        ['Name before', before],
        ['Application id', id],
        ['Type', type],
        ...urls.flatMap(({ label, now, before: was }) => [
          [label, now] as const,
          [`${label} before`, was] as const,
        ]),
      ]),
      links: [DASHBOARD.applications],
    };
  };

/** Events about Vonage applications. */
export const APPLICATION_EVENTS = {
  APP_CREATE: application('Application created', 'created'),
  APP_UPDATE: application('Application changed', 'changed'),
  APP_DELETE: application('Application deleted', 'deleted'),
  APP_DISABLE: application('Application disabled', 'disabled'),
  APP_ENABLE: application('Application enabled', 'enabled'),
} as const satisfies Record<string, Describe>;
