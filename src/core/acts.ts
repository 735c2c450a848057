/** What a person does to alerts, deliveries and the memory of rules; each is kept with who, when and why. */
export const ACTS = [
  'silence.added',
  'silence.expired',
  'delivery.retried',
  'delivery.dropped',
  'alert.acknowledged',
  'state.reset',
] as const;
export type ActName = (typeof ACTS)[number];

/** One act in the history. */
export interface Act {
  readonly act: ActName;
  readonly atMs: number;
  /** Who: a login name from the command line, or the link that was followed. */
  readonly by: string;
  /** Id of the silence, delivery, alert or rule. */
  readonly subject: string;
  /** For people: reason, matchers, number of deliveries. */
  readonly detail: string;
}
