/** What ends the reading of a text: what is wrong at an offset, and how it may have been meant. */
export class Refused extends Error {
  readonly at: number;
  readonly hint: string | undefined;
  constructor(at: number, message: string, hint?: string) {
    super(message);
    this.at = at;
    this.hint = hint;
  }
}
