import { createCell } from './cell.ts';

/** `system`: as the system is set. */
export type Theme = 'system' | 'light' | 'dark';
const THEMES: readonly Theme[] = ['system', 'light', 'dark'];
const KEY = 'theme';

/** Storage may be forbidden; then the choice lasts as long as the page. */
const stored = (): string | null => {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
};

export const theme = createCell<Theme>(THEMES.find((name) => name === stored()) ?? 'system');

const apply = (): void => {
  const chosen = theme.get();
  if (chosen === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = chosen;
};

export const nextTheme = (): Theme => {
  const next = THEMES[(THEMES.indexOf(theme.get()) + 1) % THEMES.length] as Theme;
  theme.set(next);
  return next;
};

export const startTheme = (): void => {
  apply();
  theme.follow(() => {
    apply();
    try {
      localStorage.setItem(KEY, theme.get());
    } catch {
      // Not kept, then.
    }
  });
};
