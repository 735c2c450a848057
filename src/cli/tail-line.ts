import { visibleText } from '../alerts/visible-text.ts';
import type { Happening } from '../app/follow.ts';
import type { AlertRow } from '../server/alert-shapes.ts';
import type { EventRow } from '../server/trail-shapes.ts';
import { type Output, paintLevel } from './output.ts';
import { cutToWidth, padToWidth, textWidth } from './width.ts';

/* Lines of the live view: time, account, type, what happened; under it the alerts that came of it. */

/** A column is as wide as its widest text so far, up to this: a single long name must not push all else away. */
const MAX_ACCOUNT = 20;
const TYPE = { least: 20, most: 28 };

/** Prints what happens, aligned as it comes. */
export interface TailPrinter {
  print(happening: Happening): Promise<void>;
}

/** Makes the {@link TailPrinter}. `full`: lines are not cut to the width of the terminal. */
export const createTailPrinter = (
  out: Output,
  { accounts, full }: { readonly accounts: readonly string[]; readonly full: boolean },
): TailPrinter => {
  const { colours } = out;
  let day = '';
  let accountWidth = Math.min(
    MAX_ACCOUNT,
    Math.max(0, ...accounts.map((name) => textWidth(visibleText(name, 64)))),
  );
  let typeWidth = TYPE.least;
  // One account needs no name before every line.
  const withAccounts = accounts.length !== 1;
  const fit = (text: string, taken: number): string =>
    full || out.columns === undefined ? text : cutToWidth(text, Math.max(out.columns - taken, 10));

  const head = (account: string, type: string): { readonly text: string; readonly width: number } => {
    const name = visibleText(account, 64);
    accountWidth = Math.min(MAX_ACCOUNT, Math.max(accountWidth, textWidth(name)));
    typeWidth = Math.min(TYPE.most, Math.max(typeWidth, textWidth(type)));
    const shownName = withAccounts ? `${padToWidth(cutToWidth(name, accountWidth), accountWidth)}  ` : '';
    const shownType = padToWidth(cutToWidth(type, typeWidth), typeWidth);
    return {
      text: `${colours.faint(shownName)}${shownType}`,
      width: (withAccounts ? accountWidth + 2 : 0) + typeWidth,
    };
  };
  const begin = async (iso: string): Promise<string> => {
    const date = iso.slice(0, 10);
    if (date !== day) {
      day = date;
      await out.line(colours.faint(`── ${date} (UTC) ──`));
    }
    return colours.faint(iso.slice(11, 19));
  };
  const event = async (row: EventRow): Promise<void> => {
    const time = await begin(row.created_at);
    const { text, width } = head(row.account, visibleText(row.event_type, 60));
    const taken = 8 + 2 + width + 2;
    await out.line(`${time}  ${text}  ${fit(visibleText(row.sentence, 1_000), taken)}`);
    for (const { level, title } of row.alerts)
      await out.line(
        `${' '.repeat(8)}  ${paintLevel(colours, level, `▲ ${level.padEnd(8)}`)} ${fit(visibleText(title, 300), 21)}`,
      );
  };
  const alert = async (row: AlertRow): Promise<void> => {
    const time = await begin(row.decided_at);
    const { text, width } = head(
      row.account ?? '',
      row.status === 'resolved' ? 'resolved' : `${row.kind} alert`,
    );
    const taken = 8 + 2 + width + 2;
    const level = `${row.level.toUpperCase()} `;
    const message = fit(visibleText(row.message, 1_000), taken + level.length);
    await out.line(
      `${time}  ${text}  ${row.status === 'resolved' ? colours.good(level) : paintLevel(colours, row.level, level)}${message}`,
    );
  };
  return { print: (happening) => (happening.type === 'event' ? event(happening.row) : alert(happening.row)) };
};
