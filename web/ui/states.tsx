import type { ComponentChildren } from 'preact';
import { ApiError } from '../data/api.ts';
import type { Resource } from '../data/resource.ts';
import { Icon, type IconName } from './icon.tsx';
import { Text } from './text.tsx';

/** Nothing to show, and why; what to do about it as children. */
export const Empty = ({
  icon = 'good',
  title,
  children,
}: {
  readonly icon?: IconName;
  readonly title: string;
  readonly children?: ComponentChildren;
}) => (
  <div class="empty">
    <Icon name={icon} size={24} />
    <p class="empty-title">{title}</p>
    {children && <p class="muted">{children}</p>}
  </div>
);

/** What went wrong, in the monitor's words. */
export const Failed = ({ error, retry }: { readonly error: Error; readonly retry?: () => void }) => (
  <div class="failed" role="alert">
    <Icon name="bad" size={20} />
    <div>
      <p>
        <Text value={error.message} />
      </p>
      {error instanceof ApiError && error.problems.length > 0 && (
        <ul>
          {error.problems.map(({ place, message }) => (
            <li key={place + message}>
              <code>
                <Text value={place} />
              </code>{' '}
              <Text value={message} />
            </li>
          ))}
        </ul>
      )}
      {retry && (
        <button type="button" class="button small" onClick={retry}>
          <Icon name="retry" size={14} /> Try again
        </button>
      )}
    </div>
  </div>
);

/** Grey lines in place of what is still on its way. */
export const Skeleton = ({
  lines = 4,
  label = 'Loading',
}: {
  readonly lines?: number;
  readonly label?: string;
}) => (
  <div class="skeleton" role="status" aria-label={label}>
    {Array.from({ length: lines }, (_, line) => (
      <span key={line} class={`skeleton-line w${line % 4}`} />
    ))}
  </div>
);

/** A resource in each of its states. Old data stay in sight while they are asked for again or that failed. */
export const Loaded = <T,>({
  of,
  lines = 4,
  children,
}: {
  readonly of: Resource<T>;
  readonly lines?: number;
  readonly children: (data: T) => ComponentChildren;
}) => (
  <>
    {of.error && <Failed error={of.error} retry={of.reload} />}
    {of.data === undefined ? !of.error && <Skeleton lines={lines} /> : children(of.data)}
  </>
);
