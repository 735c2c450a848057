import { useEffect } from 'preact/hooks';
import { useCell } from './data/cell.ts';
import { openLive } from './data/live.ts';
import { route } from './data/route.ts';
import { session } from './data/session.ts';
import { askSession } from './data/sign-in.ts';
import { AlertsPage } from './pages/alerts.tsx';
import { CompletenessPage } from './pages/completeness.tsx';
import { DeliveriesPage } from './pages/deliveries.tsx';
import { EventsPage } from './pages/events.tsx';
import { LoginPage } from './pages/login.tsx';
import { NotFoundPage } from './pages/not-found.tsx';
import { OverviewPage } from './pages/overview.tsx';
import { RulePage } from './pages/rule.tsx';
import { RulesPage } from './pages/rules.tsx';
import { SilencesPage } from './pages/silences.tsx';
import { Shell } from './shell.tsx';

/** How long until the page asks again whether the monitor answers, ms. */
const AGAIN_MS = 2_000;

/** Who may see anything at all: the page itself, or the login. */
export const App = () => {
  const state = useCell(session);
  useEffect(() => {
    let ended = false;
    const ask = async (): Promise<void> => {
      if (ended || (await askSession()) || ended) return;
      setTimeout(() => void ask(), AGAIN_MS);
    };
    void ask();
    return () => {
      ended = true;
    };
  }, []);
  if (state.state === 'out') return <LoginPage over={state.over} />;
  return <SignedIn asking={state.state === 'asking'} />;
};

const SignedIn = ({ asking }: { readonly asking: boolean }) => {
  useEffect(() => (asking ? undefined : openLive()), [asking]);
  return <Shell>{asking ? <main id="main" class="page" aria-busy="true" /> : <Current />}</Shell>;
};

const Current = () => {
  const { parts } = useCell(route);
  const [page, id] = parts;
  switch (page) {
    case undefined:
      return <OverviewPage />;
    case 'events':
      return <EventsPage />;
    case 'alerts':
      return <AlertsPage />;
    case 'deliveries':
      return <DeliveriesPage />;
    case 'rules':
      return id === undefined ? <RulesPage /> : <RulePage key={id} id={id} />;
    case 'silences':
      return <SilencesPage />;
    case 'completeness':
      return <CompletenessPage />;
    default:
      return <NotFoundPage />;
  }
};
