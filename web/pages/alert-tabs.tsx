import { useCell } from '../data/cell.ts';
import { route } from '../data/route.ts';

/** Alerts, and the deliveries that carry them. */
export const AlertTabs = () => {
  const { parts } = useCell(route);
  return (
    <nav class="tabs" aria-label="Alerts and deliveries">
      <a href="/alerts" aria-current={parts[0] === 'alerts' ? 'page' : undefined}>
        Alerts
      </a>
      <a href="/deliveries" aria-current={parts[0] === 'deliveries' ? 'page' : undefined}>
        Deliveries
      </a>
    </nav>
  );
};
