import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { announcement, dismiss, notices } from './data/announce.ts';
import { useCell } from './data/cell.ts';
import { connection } from './data/connection.ts';
import { useShortcuts } from './data/keys.ts';
import { live } from './data/live.ts';
import { navigate, route } from './data/route.ts';
import { session } from './data/session.ts';
import { signOut } from './data/sign-in.ts';
import { nextTheme, theme } from './data/theme.ts';
import { timeText } from './data/time.ts';
import { Icon, type IconName } from './ui/icon.tsx';
import { ShortcutList } from './ui/shortcut-list.tsx';
import { Text } from './ui/text.tsx';

const PAGES: readonly {
  readonly path: string;
  readonly name: string;
  readonly icon: IconName;
  readonly key: string;
  readonly also?: string;
}[] = [
  { path: '/', name: 'Overview', icon: 'overview', key: 'g o' },
  { path: '/events', name: 'Events', icon: 'events', key: 'g e' },
  { path: '/alerts', name: 'Alerts', icon: 'alerts', key: 'g a', also: 'deliveries' },
  { path: '/rules', name: 'Rules', icon: 'rules', key: 'g r' },
  { path: '/silences', name: 'Silences', icon: 'silences', key: 'g s' },
  { path: '/completeness', name: 'Completeness', icon: 'completeness', key: 'g c' },
];
const THEME_ICONS = { system: 'system', light: 'sun', dark: 'moon' } as const;

/** What is around every page: the way to the others, whether the monitor answers, notices. */
export const Shell = ({ children }: { readonly children: ComponentChildren }) => {
  const { parts } = useCell(route);
  const who = useCell(session);
  const chosen = useCell(theme);
  const [help, setHelp] = useState(false);
  useShortcuts('Everywhere', [
    { keys: '?', label: 'This list', run: () => setHelp(true) },
    ...PAGES.map(({ path, name, key }) => ({ keys: key, label: name, run: () => navigate(path) })),
    { keys: 't', label: 'Light, dark, or as the system is', run: () => void nextTheme() },
  ]);
  return (
    <div class="shell">
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <aside class="side">
        <a class="brand" href="/" aria-label="vonage-audit-monitor, overview">
          <svg width="22" height="22" viewBox="0 0 32 32" aria-hidden="true">
            <rect width="32" height="32" rx="7" class="brand-box" />
            <path d="M7 17h4.5l2.5-7 4 13 2.7-6H25" class="brand-line" />
          </svg>
          <span>audit monitor</span>
        </a>
        <nav aria-label="Pages">
          <ul>
            {PAGES.map(({ path, name, icon, also }) => {
              const here = (parts[0] ?? '') === path.slice(1) || (also !== undefined && parts[0] === also);
              return (
                <li key={path}>
                  <a href={path} aria-current={here ? 'page' : undefined}>
                    <Icon name={icon} />
                    <span>{name}</span>
                  </a>
                </li>
              );
            })}
          </ul>
        </nav>
        <div class="side-foot">
          <LiveMark />
          <div class="side-buttons">
            <button
              type="button"
              class="button icon-only quiet"
              title={`Colours: ${chosen} (t)`}
              aria-label={`Colours: ${chosen}. Change.`}
              onClick={() => void nextTheme()}
            >
              <Icon name={THEME_ICONS[chosen]} />
            </button>
            <button
              type="button"
              class="button icon-only quiet"
              title="Shortcuts (?)"
              aria-label="Shortcuts"
              onClick={() => setHelp(true)}
            >
              <Icon name="keyboard" />
            </button>
            {/* Without tokens there is nobody to be signed out. */}
            {who.state === 'in' && who.name !== 'local' && (
              <button
                type="button"
                class="button icon-only quiet"
                title="Sign out"
                aria-label="Sign out"
                onClick={() => void signOut()}
              >
                <Icon name="out" />
              </button>
            )}
          </div>
          {who.state === 'in' && (
            <p
              class="side-version muted num"
              title="The token you are signed in with, what it may do, and the version of the monitor"
            >
              <Text value={who.name} max={24} />, may {who.role} · {who.version}
            </p>
          )}
        </div>
      </aside>
      <div class="content">
        <DownBanner />
        {children}
      </div>
      <Notices />
      {help && <ShortcutList onClose={() => setHelp(false)} />}
    </div>
  );
};

const LiveMark = () => {
  const on = useCell(live);
  return (
    <p
      class={`live ${on ? 'on' : 'off'}`}
      role="status"
      title={on ? 'News appear by themselves' : 'News do not arrive at the moment; trying again'}
    >
      <i aria-hidden="true" /> <span>{on ? 'Live' : 'Not live'}</span>
    </p>
  );
};

const DownBanner = () => {
  const state = useCell(connection);
  if (state.state === 'up') return null;
  return (
    <div class="banner" role="alert">
      <Icon name="bad" />
      <span>
        The monitor has not answered since {timeText(state.sinceMs, Date.now())}. What you see is from before;
        the page goes on by itself when it is back.
      </span>
    </div>
  );
};

const Notices = () => {
  const shown = useCell(notices);
  const said = useCell(announcement);
  return (
    <>
      <div class="sr" aria-live="polite">
        {said}
      </div>
      <div class="notices" role="region" aria-label="Notices" aria-live="polite">
        {shown.map(({ id, text, tone, href }) => (
          <div key={id} class={`notice ${tone}`}>
            <Icon name={tone === 'good' ? 'good' : 'bad'} />
            <span>
              {href === undefined ? (
                <Text value={text} />
              ) : (
                <a href={href}>
                  <Text value={text} />
                </a>
              )}
            </span>
            <button
              type="button"
              class="button icon-only quiet small"
              aria-label="Dismiss"
              onClick={() => dismiss(id)}
            >
              <Icon name="close" size={12} />
            </button>
          </div>
        ))}
      </div>
    </>
  );
};
