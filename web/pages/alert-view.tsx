import { useEffect, useState } from 'preact/hooks';
import { get } from '../data/api.ts';
import { plainText } from '../data/hidden-text.ts';
import { useShortcuts } from '../data/keys.ts';
import { onLive } from '../data/live.ts';
import { useResource, useThrottled } from '../data/resource.ts';
import { navigate, withQuery } from '../data/route.ts';
import type { AlertStoryAnswer } from '../data/shapes.ts';
import { Icon } from '../ui/icon.tsx';
import { LevelMark, Tag } from '../ui/marks.tsx';
import { useMayOperate, ViewOnly } from '../ui/operate.tsx';
import { Loaded } from '../ui/states.tsx';
import { Text } from '../ui/text.tsx';
import { type Act, AlertAct } from './alert-acts.tsx';
import { AlertDeliveries } from './alert-deliveries.tsx';
import { WhatHappened, WhatPeopleDid, WhatWasDecided } from './alert-story.tsx';

type Alert = AlertStoryAnswer['alert'];

/** The story of one alert: what happened, what was decided, where it went, and what people did about it. */
export const AlertView = ({ id, onChanged }: { readonly id: string; readonly onChanged: () => void }) => {
  const story = useResource(id, (signal) =>
    get<AlertStoryAnswer>(`/alerts/${encodeURIComponent(id)}`, {}, signal),
  );
  const again = useThrottled(story.reload, 300);
  useEffect(() => {
    const ends = [
      onLive('delivery', (delivery) => {
        if (delivery.alert === id) again();
      }),
      // What has no row of its own, and deliveries that went through their states between two looks.
      onLive('status', again),
    ];
    return () => {
      for (const end of ends) end();
    };
  }, [id, again]);
  return (
    <Loaded of={story} lines={8}>
      {(data) => (
        <Story
          story={data}
          onChanged={() => {
            story.reload();
            onChanged();
          }}
        />
      )}
    </Loaded>
  );
};

/** The address of the form for a silence that would have hidden this alert. */
const silenceLink = ({ rule, account }: Alert): string =>
  withQuery('/silences', new URLSearchParams(), { new: '1', rule: rule.id, account: account ?? undefined });

const Story = ({
  story,
  onChanged,
}: {
  readonly story: AlertStoryAnswer;
  readonly onChanged: () => void;
}) => {
  const { alert, events, deliveries, folded, acts } = story;
  const may = useMayOperate();
  const [act, setAct] = useState<Act | undefined>(undefined);
  const parked = deliveries.filter(({ state }) => state === 'parked');
  useShortcuts('Alert', [
    ...(may && !alert.acknowledged
      ? [{ keys: 'a', label: 'Acknowledge', run: () => setAct('acknowledge') }]
      : []),
    ...(may ? [{ keys: 's', label: 'Silence', run: () => navigate(silenceLink(alert)) }] : []),
    ...(may && parked.length > 0
      ? [{ keys: 'r', label: 'Retry what is parked', run: () => setAct('retry') }]
      : []),
  ]);
  return (
    <div class="detail">
      <header class="detail-head">
        <p class="tags">
          <LevelMark level={alert.level} />
          {alert.kind !== 'rule' && <Tag>{alert.kind}</Tag>}
          {alert.status === 'resolved' && <Tag tone="good">resolved</Tag>}
          {alert.acknowledged && <Tag tone="good">acknowledged by {plainText(alert.acknowledged.by)}</Tag>}
        </p>
        <h2>
          <Text value={alert.rule.title} />
        </h2>
        <p class="message">
          <Text value={alert.message} />
        </p>
        {may && (
          <div class="buttons">
            {!alert.acknowledged && (
              <button type="button" class="button" onClick={() => setAct('acknowledge')}>
                <Icon name="check" size={14} /> Acknowledge
              </button>
            )}
            <a class="button" href={silenceLink(alert)}>
              <Icon name="silences" size={14} /> Silence
            </a>
            {parked.length > 0 && (
              <>
                <button type="button" class="button primary" onClick={() => setAct('retry')}>
                  <Icon name="retry" size={14} /> Retry
                </button>
                <button type="button" class="button" onClick={() => setAct('drop')}>
                  Drop
                </button>
              </>
            )}
          </div>
        )}
        <ViewOnly what="acknowledge, silence or retry" />
      </header>

      <ol class="story">
        <WhatHappened alert={alert} events={events} />
        <WhatWasDecided alert={alert} folded={folded} />
        <li>
          <h3>Where it went</h3>
          <AlertDeliveries deliveries={deliveries} />
        </li>
        <WhatPeopleDid acts={acts} />
      </ol>
      {act !== undefined && (
        <AlertAct
          act={act}
          alert={alert}
          parked={parked}
          onClose={() => setAct(undefined)}
          onDone={onChanged}
        />
      )}
    </div>
  );
};
