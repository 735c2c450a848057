import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { notify } from '../data/announce.ts';
import { Dialog } from './dialog.tsx';
import { Failed } from './states.tsx';

/** Asks for a reason, does something, and says what it came to. `run` answers that in words, or rejects. */
export const ActDialog = ({
  title,
  button,
  danger = false,
  needsReason = false,
  run,
  onClose,
  onDone,
  children,
}: {
  readonly title: string;
  readonly button: string;
  readonly danger?: boolean;
  readonly needsReason?: boolean;
  readonly run: (reason: string) => Promise<string>;
  readonly onClose: () => void;
  readonly onDone: () => void;
  readonly children?: ComponentChildren;
}) => {
  const [reason, setReason] = useState('');
  const [error, setError] = useState<Error | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  const submit = async (): Promise<void> => {
    setBusy(true);
    try {
      notify(await run(reason.trim()));
      onDone();
      onClose();
    } catch (cause) {
      setError(cause instanceof Error ? cause : new Error(String(cause)));
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        {children}
        <label class="field">
          <span>{needsReason ? 'Reason' : 'Reason (may be left out)'}</span>
          <input
            autofocus
            required={needsReason}
            maxLength={500}
            value={reason}
            onInput={(event) => setReason(event.currentTarget.value)}
          />
        </label>
        {error && <Failed error={error} />}
        <div class="form-actions">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class={`button ${danger ? 'danger' : 'primary'}`} disabled={busy}>
            {button}
          </button>
        </div>
      </form>
    </Dialog>
  );
};
