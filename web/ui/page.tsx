import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/** A page with its heading, which gets the focus when the page is come to, so that a screen reader says where it is. */
export const Page = ({
  title,
  name = title,
  lead,
  actions,
  fill = false,
  children,
}: {
  readonly title: ComponentChildren;
  readonly name?: ComponentChildren;
  readonly lead?: ComponentChildren;
  readonly actions?: ComponentChildren;
  readonly fill?: boolean;
  readonly children: ComponentChildren;
}) => {
  const heading = useRef<HTMLHeadingElement>(null);
  const label = typeof name === 'string' ? name : '';
  useEffect(() => {
    document.title = label === '' ? 'vonage-audit-monitor' : `${label} · vonage-audit-monitor`;
  }, [label]);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  return (
    <main id="main" class={`page${fill ? ' page-fill' : ''}`}>
      <header class="page-head">
        <div class="page-title">
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {lead && <p class="muted">{lead}</p>}
        </div>
        {actions && <div class="page-actions">{actions}</div>}
      </header>
      {children}
    </main>
  );
};
