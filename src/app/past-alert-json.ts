import { escapeJsonControls } from '../logs/terminal.ts';
import { portableJson, publicAlert } from '../sinks/alert-json.ts';
import type { PastAlert } from './backtest.ts';

/** An alert of a backtest as JSON on one line: what a webhook would have been sent, without the identity of a delivery. */
export const pastAlertJson = (past: PastAlert): string => {
  const alert = past.alert();
  const { delivery_id: _, ...told } = publicAlert({
    id: '',
    sink: '',
    alert,
    attempt: 1,
    createdAtMs: alert.createdAtMs,
  });
  return escapeJsonControls(portableJson(told as unknown as Parameters<typeof portableJson>[0]));
};
