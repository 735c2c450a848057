import { DASHBOARD, type Describe, factsOf, piece } from './phrase.ts';

const application =
  (title: string, verb: string): Describe =>
  (context) => {
    const name = context.take('name', 'appName', 'applicationName');
    const id = context.take('appId', 'applicationId', 'app_id', 'application_id', 'id');
    const type = context.take('type');
    const answerUrl = context.take('answer_url.url', 'answer_url');
    const eventUrl = context.take('event_url.url', 'event_url');
    const named =
      name === undefined
        ? id === undefined
          ? 'an application'
          : `application ${id}`
        : `application "${name}"${piece(' (', id, ')')}`;
    return {
      title,
      act: `${verb} ${named}`,
      detail: piece('answer URL ', answerUrl),
      facts: factsOf([
        ['Application', name],
        ['Application id', id],
        ['Type', type],
        ['Answer URL', answerUrl],
        ['Event URL', eventUrl],
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
