import { isObject } from '../../src/base/json.ts';

/*
 * What Slack's public documentation demands of a message (docs.slack.dev, "Blocks", "Composition objects", "Formatting
 * message text", chat.postMessage), and what we demand on top: nothing in it may be acted on.
 */

type Part = Readonly<Record<string, unknown>>;

const part = (value: unknown): Part => (isObject(value) ? value : {});
const list = (value: unknown): readonly Part[] => (Array.isArray(value) ? value.map(part) : []);

/** Everything that is wrong with a message; empty for one that Slack takes and that does nothing but be read. */
export const slackProblems = (message: Part): readonly string[] => {
  const problems: string[] = [];
  const demand = (holds: boolean, problem: string): void => {
    if (!holds) problems.push(problem);
  };
  const checkText = (text: unknown, max: number, where: string): void => {
    if (typeof text !== 'string') return demand(false, `${where}: no text`);
    demand(text.length > 0, `${where}: must be more than 0 characters`);
    demand(text.length <= max, `${where}: must be less than ${max + 1} characters`);
    demand(text.isWellFormed(), `${where}: half a character`);
    demand(!/[<>]/.test(text), `${where}: control sequence`);
    demand(!/&(?!amp;|lt;|gt;)/.test(text), `${where}: "&" not escaped`);
  };
  const plain = (value: unknown, max: number, where: string): void => {
    demand(part(value)['type'] === 'plain_text', `${where}: not plain_text`);
    checkText(part(value)['text'], max, where);
  };
  const checkButtons = (elements: readonly Part[], where: string): void => {
    demand(elements.length >= 1 && elements.length <= 25, `${where}: 1 to 25 elements`);
    const ids = elements.map((element) => element['action_id']);
    demand(new Set(ids).size === ids.length, `${where}: action_id twice`);
    for (const element of elements) {
      demand(element['type'] === 'button', `${where}: no button`);
      plain(element['text'], 75, `${where}.text`);
      const { url } = element;
      demand(typeof url === 'string' && /^https?:\/\//.test(url) && url.length <= 3_000, `${where}.url`);
      demand(String(element['action_id']).length <= 255, `${where}.action_id`);
    }
  };
  const checkBlock = (block: Part, where: string): void => {
    const fields = block['fields'] === undefined ? undefined : list(block['fields']);
    switch (block['type']) {
      case 'header':
        return plain(block['text'], 150, where);
      case 'section':
        demand(block['text'] !== undefined || fields !== undefined, `${where}: text or fields`);
        if (block['text'] !== undefined) plain(block['text'], 3_000, where);
        demand(
          fields === undefined || (fields.length >= 1 && fields.length <= 10),
          `${where}: 1 to 10 fields`,
        );
        return fields?.forEach((field) => plain(field, 2_000, `${where}.fields`));
      case 'context':
        demand(
          list(block['elements']).length >= 1 && list(block['elements']).length <= 10,
          `${where}: elements`,
        );
        return list(block['elements']).forEach((element) => plain(element, 3_000, where));
      case 'actions':
        return checkButtons(list(block['elements']), where);
      default:
        return demand(false, `${where}: unsupported type`);
    }
  };

  checkText(message['text'], 3_000, '/text');
  demand(!/@(here|channel|everyone)/.test(String(message['text'])), '/text: mentions everybody');
  const attachments = list(message['attachments']);
  const groups = [message, ...attachments].map((holder) => list(holder['blocks']));
  groups.forEach((blocks, group) =>
    blocks.forEach((block, index) =>
      checkBlock(block, `/${group === 0 ? 'blocks' : 'attachments'}/${index}`),
    ),
  );
  const blocks = groups.flat();
  demand(blocks.length <= 50, 'no more than 50 items allowed');
  const actionIds = blocks.flatMap((block) =>
    block['type'] === 'actions' ? list(block['elements']).map((element) => element['action_id']) : [],
  );
  demand(new Set(actionIds).size === actionIds.length, 'action_id twice in one message');
  for (const { color } of attachments) demand(/^#[0-9a-f]{6}$/.test(String(color)), 'color');
  demand(JSON.stringify(message).length < 40_000, 'message too large');
  return problems;
};
