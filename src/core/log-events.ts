/**
 * Every kind of line the monitor writes, with what it means. The table in `docs/logs.md` is checked against this list;
 * names are part of the product's interface and do not change.
 */
export const LOG_EVENTS = {
  'monitor.started': 'The monitor is up: version, accounts, rules, sinks that are on.',
  'monitor.stopping': 'A signal asked the monitor to stop; what is in flight is finished or released.',
  'monitor.stopped': 'The monitor has closed everything. The last line of a clean life.',
  'monitor.failed': 'The monitor ends because of an error it cannot live with.',
  'config.sink_off': 'A sink has no URL and is off.',
  'config.warning': 'Something in the configuration or in a rule is legal but probably not meant.',
  'rules.loaded': 'Rules were compiled: how many of which kind, and how many were left out by status.',
  'http.listening': 'Health and metrics are served; the address with its real port.',
  'http.error': 'A request for health or metrics failed on our side.',
  'lease.waiting': 'Another process holds the store; this one stands by.',
  'lease.acquired': 'This process now polls and delivers.',
  'lease.lost': 'The lease passed to another process; this one stops writing.',
  'api.types': 'The list of event types the API knows was read (at start and daily).',
  'api.retry': 'A read of the Audit API failed and will be tried again.',
  'poll.completed': 'One pass of one account was committed.',
  'poll.failed': 'One pass of one account failed; it is repeated from the same watermark.',
  'poll.catching_up': 'A pass is behind and reads in chunks; one line per chunk.',
  'window.unverified': 'The API contradicted itself about a window; it was committed as unverified.',
  'audit.event': 'One new audit event (see `log.events`).',
  'audit.quarantined': 'Something in an answer was no event we understand; it is kept verbatim.',
  'rule.failed': 'A rule failed on an event and skipped it; other rules were not touched.',
  'alert.decided': 'A match became an alert and is in the outbox.',
  alert: 'The log sink: one alert.',
  'delivery.sent': 'A sink took a delivery.',
  'delivery.retry': 'An attempt failed; the next one is scheduled.',
  'delivery.parked': 'A delivery will not be tried again by itself.',
  'delivery.handed_over': 'A receiver is down; its fallback gets the alerts as well.',
  'circuit.opened':
    'A receiver failed again and again; it is tried from time to time, one delivery at a time.',
  'circuit.closed': 'A receiver answers again; what waited is sent.',
  'silence.ended': 'A silence is over; a summary of what it hid is in the outbox.',
  'drill.started': 'A scheduled drill was put into the outbox.',
  'drill.arrived': 'A scheduled drill was taken by a sink.',
  'heartbeat.failed': 'The heartbeat could not be sent; it is tried again at its next time.',
  'heartbeat.withheld': 'No heartbeat: something is not as fresh as it must be.',
  'alert.acknowledged': 'Somebody followed a link in an alert and confirmed.',
  'condition.opened': 'The monitor is in trouble, and says so once.',
  'condition.closed': 'That trouble has ended.',
  'store.pruned': 'Rows older than the retention were deleted.',
  'chain.head':
    'The end of a chain of hashes: kept outside, it proves later that the history before it is unchanged.',
  'store.error': 'The store refused an operation.',
} as const satisfies Record<string, string>;

export type LogEvent = keyof typeof LOG_EVENTS;
