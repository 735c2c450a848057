/** The field under which rules over all accounts see of which account an event is. */
export const ACCOUNT_FIELD = 'account';
