import { useEffect, useState } from 'preact/hooks';
import { ApiError } from '../data/api.ts';
import { signIn } from '../data/sign-in.ts';
import { Icon } from '../ui/icon.tsx';
import { Text } from '../ui/text.tsx';

/** Asks for a token. Afterwards the page is where the address says, also after a session that ended. */
export const LoginPage = ({ over }: { readonly over: boolean }) => {
  const [token, setToken] = useState('');
  const [problem, setProblem] = useState<string | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    document.title = 'Sign in · vonage-audit-monitor';
  }, []);
  const submit = async (): Promise<void> => {
    setBusy(true);
    setProblem(undefined);
    try {
      await signIn(token.trim());
    } catch (error) {
      const refused = error instanceof ApiError && (error.status === 401 || error.status === 403);
      setProblem(
        refused ? 'This token is not known here.' : error instanceof Error ? error.message : String(error),
      );
      setBusy(false);
    }
  };
  return (
    <main class="login" id="main">
      <form
        class="login-card"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <svg width="36" height="36" viewBox="0 0 32 32" aria-hidden="true">
          <rect width="32" height="32" rx="7" class="brand-box" />
          <path d="M7 17h4.5l2.5-7 4 13 2.7-6H25" class="brand-line" />
        </svg>
        <h1>vonage-audit-monitor</h1>
        {over && (
          <p class="login-over" role="status">
            <Icon name="clock" /> Your session has ended. Sign in again to go on where you were.
          </p>
        )}
        <label class="field">
          <span>Token</span>
          {/* So that a password manager keeps it. */}
          <input
            type="password"
            name="token"
            autocomplete="current-password"
            autofocus
            required
            spellcheck={false}
            value={token}
            aria-invalid={problem !== undefined}
            aria-describedby="login-problem"
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        <p id="login-problem" class="problem" role="alert">
          {problem !== undefined && <Text value={problem} />}
        </p>
        <button type="submit" class="button primary" disabled={busy}>
          Sign in
        </button>
        <p class="muted small-text">
          Tokens stand under <code>http.tokens</code> in the configuration, each with what it may do: view or
          operate.
        </p>
      </form>
    </main>
  );
};
