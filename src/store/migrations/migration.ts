/** One change of the schema, for either dialect. */
export interface Migration {
  readonly sqlite: string;
  /** Left out: there is nothing to do, or there were no PostgreSQL stores of this version yet. */
  readonly postgres?: string;
}
