import { post } from '../data/api.ts';
import { plainText } from '../data/hidden-text.ts';
import type { AlertStoryAnswer } from '../data/shapes.ts';
import { counted } from '../data/time.ts';
import { ActDialog } from '../ui/act-dialog.tsx';

export type Act = 'acknowledge' | 'retry' | 'drop';

/** Asks for the reason of an act on an alert, and does it. */
export const AlertAct = ({
  act,
  alert,
  parked,
  onClose,
  onDone,
}: {
  readonly act: Act;
  readonly alert: AlertStoryAnswer['alert'];
  readonly parked: AlertStoryAnswer['deliveries'];
  readonly onClose: () => void;
  readonly onDone: () => void;
}) => (
  <>
    {act === 'acknowledge' && (
      <ActDialog
        title="Acknowledge"
        button="Acknowledge"
        onClose={onClose}
        onDone={onDone}
        run={async (reason) => {
          await post(`/alerts/${encodeURIComponent(alert.id)}/acknowledge`, reason === '' ? {} : { reason });
          return 'Acknowledged.';
        }}
      >
        <p class="muted">It says that somebody knows and takes care. What comes next is still sent.</p>
      </ActDialog>
    )}
    {(act === 'retry' || act === 'drop') && (
      <ActDialog
        title={act === 'retry' ? 'Retry what is parked' : 'Drop what is parked'}
        button={act === 'retry' ? 'Retry' : 'Drop'}
        danger={act === 'drop'}
        needsReason
        onClose={onClose}
        onDone={onDone}
        run={async (reason) => {
          const ids = parked.map((delivery) => delivery.id);
          const { count } = await post<{ readonly count: number }>(`/deliveries/${act}`, {
            ids,
            state: 'parked',
            reason,
          });
          return `${counted(count, 'delivery', 'deliveries')} ${act === 'retry' ? 'will be tried again at once' : 'dropped'}.`;
        }}
      >
        <p>
          {counted(parked.length, 'delivery', 'deliveries')}:{' '}
          {parked.map(({ sink }) => plainText(sink)).join(', ')}
        </p>
      </ActDialog>
    )}
  </>
);
