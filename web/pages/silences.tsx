import { useEffect, useState } from 'preact/hooks';
import { get, post } from '../data/api.ts';
import { useCell } from '../data/cell.ts';
import { useShortcuts } from '../data/keys.ts';
import { onLive } from '../data/live.ts';
import { useResource } from '../data/resource.ts';
import { navigate, route, withQuery } from '../data/route.ts';
import type { Matchers, RuleList, SilenceAnswer, SilenceList } from '../data/shapes.ts';
import { countText } from '../data/time.ts';
import { ActDialog } from '../ui/act-dialog.tsx';
import { Icon } from '../ui/icon.tsx';
import { Tag } from '../ui/marks.tsx';
import { useMayOperate, ViewOnly } from '../ui/operate.tsx';
import { Page } from '../ui/page.tsx';
import { Empty, Loaded } from '../ui/states.tsx';
import { Text } from '../ui/text.tsx';
import { Time } from '../ui/time.tsx';
import { SilenceForm } from './silence-form.tsx';

const TONES = { in_force: 'accent', waiting: 'doubt', ended: 'quiet' } as const;
const WORDS = { in_force: 'in force', waiting: 'waiting', ended: 'ended' } as const;

/** What keeps alerts from being sent. */
export const SilencesPage = () => {
  const { query } = useCell(route);
  const may = useMayOperate();
  const ended = query.get('ended') === 'true';
  const adding = query.get('new') !== null && may;
  const [expiring, setExpiring] = useState<SilenceAnswer | undefined>(undefined);
  const silences = useResource(`silences ${ended}`, (signal) =>
    get<SilenceList>('/silences', { ended: ended ? 'true' : undefined }, signal),
  );
  useEffect(() => onLive('status', silences.reload), [silences.reload]);
  const open = (): void => navigate(withQuery('/silences', query, { new: '1' }));
  useShortcuts('Silences', may ? [{ keys: 'n', label: 'New silence', run: open }] : []);
  return (
    <Page
      title="Silences"
      lead="A silence keeps alerts from being sent, not from being recorded. At its end, what it hid is told in one summary."
      actions={
        may && (
          <button type="button" class="button primary" onClick={open}>
            <Icon name="plus" size={14} /> New silence
          </button>
        )
      }
    >
      <ViewOnly what="make or end silences" />
      <label class="check">
        <input
          type="checkbox"
          checked={ended}
          onChange={(event) =>
            navigate(
              withQuery('/silences', query, { ended: event.currentTarget.checked ? 'true' : undefined }),
              { replace: true },
            )
          }
        />
        Also those that have ended
      </label>
      <Loaded of={silences}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="Nothing is silenced.">Every alert goes where the routes say.</Empty>
          ) : (
            <ul class="cards">
              {items.map((silence) => (
                <SilenceCard
                  key={silence.id}
                  silence={silence}
                  onExpire={may && silence.state !== 'ended' ? () => setExpiring(silence) : undefined}
                />
              ))}
            </ul>
          )
        }
      </Loaded>
      {adding && (
        <SilenceForm
          given={Object.fromEntries(
            ['rule', 'account', 'level'].flatMap((key) =>
              query.get(key) === null ? [] : [[key, query.get(key) ?? '']],
            ),
          )}
          onClose={() => navigate(ended ? '/silences?ended=true' : '/silences', { replace: true })}
          onDone={silences.reload}
        />
      )}
      {expiring && (
        <ActDialog
          title="End the silence"
          button="End now"
          onClose={() => setExpiring(undefined)}
          onDone={silences.reload}
          run={async () => {
            await post(`/silences/${encodeURIComponent(expiring.id)}/expire`);
            return 'The silence has ended. What it hid is told in a summary.';
          }}
        >
          <MatchChips match={expiring.match} />
        </ActDialog>
      )}
    </Page>
  );
};

/** Matchers in words; rules by title, as far as they are loaded. */
const MatchChips = ({ match }: { readonly match: Matchers }) => {
  const rules = useResource(match['rule'] === undefined ? undefined : 'rules', (signal) =>
    get<RuleList>('/rules', {}, signal),
  );
  const shown = (key: string, value: string): string => {
    const title = key === 'rule' ? rules.data?.items.find(({ id }) => id === value)?.title : undefined;
    return title === undefined ? value : `"${title}"`;
  };
  return (
    <span class="match">
      {Object.entries(match).map(([key, value]) => (
        <span key={key} class="match-chip">
          <Text value={key} />
          <span class="muted"> is </span>
          <Text
            value={[value]
              .flat()
              .map((one) => shown(key, one))
              .join(' or ')}
          />
        </span>
      ))}
    </span>
  );
};

const SilenceCard = ({
  silence,
  onExpire,
}: {
  readonly silence: SilenceAnswer;
  readonly onExpire: (() => void) | undefined;
}) => (
  <li class={`card silence-${silence.state}`} id={silence.id}>
    <div class="card-head">
      <Tag tone={TONES[silence.state]}>{WORDS[silence.state]}</Tag>
      <MatchChips match={silence.match} />
      {onExpire && (
        <button type="button" class="button small card-button" onClick={onExpire}>
          End now
        </button>
      )}
    </div>
    <p class="card-reason">
      <Text value={silence.reason} />
    </p>
    <p class="muted card-facts">
      <span>
        by <Text value={silence.author} />, <Time at={silence.created_at} />
      </span>
      {silence.state === 'waiting' && (
        <span>
          from <Time at={silence.starts_at} />
        </span>
      )}
      <span>
        {silence.expired === null ? (
          <>
            {silence.state === 'ended' ? 'ended' : 'until'} <Time at={silence.ends_at} />
          </>
        ) : (
          <>
            ended by <Text value={silence.expired.by} /> <Time at={silence.expired.at} />
          </>
        )}
      </span>
      {silence.schedule && (
        <span>
          only{' '}
          <Text
            value={[silence.schedule.days, silence.schedule.hours, silence.schedule.timezone]
              .filter((part) => part !== null)
              .join(' ')}
          />
        </span>
      )}
      <span>
        {countText(silence.hidden)} hidden
        {silence.untold > 0 ? `, ${countText(silence.untold)} not told yet` : ''}
      </span>
    </p>
  </li>
);
