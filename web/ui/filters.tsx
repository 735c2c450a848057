import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { useShortcuts } from '../data/keys.ts';
import { Icon } from './icon.tsx';
import { Text } from './text.tsx';

/** How long typing must pause before a search begins, ms. */
const PAUSE_MS = 300;

/** A text that is told when typing pauses and at Enter. Not when it is left: what one clicks at must not move away. */
export const SearchBox = ({
  value,
  label,
  placeholder,
  onChange,
  slash = false,
}: {
  readonly value: string;
  readonly label: string;
  readonly placeholder: string;
  readonly onChange: (value: string) => void;
  readonly slash?: boolean;
}) => {
  const [text, setText] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const input = useRef<HTMLInputElement>(null);
  const told = useRef(value);
  useEffect(() => {
    // The address changed by itself (a link, a step back): show what it says, but never under somebody's fingers.
    if (value !== told.current) setText(value);
    told.current = value;
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  useShortcuts('List', slash ? [{ keys: '/', label: 'Search', run: () => input.current?.focus() }] : []);
  const tell = (next: string): void => {
    clearTimeout(timer.current);
    if (next === told.current) return;
    told.current = next;
    onChange(next);
  };
  return (
    <label class="search">
      <Icon name="search" size={14} />
      <span class="sr">{label}</span>
      <input
        ref={input}
        type="search"
        value={text}
        placeholder={placeholder}
        spellcheck={false}
        autocomplete="off"
        onInput={(event) => {
          const next = event.currentTarget.value;
          setText(next);
          clearTimeout(timer.current);
          timer.current = setTimeout(() => tell(next.trim()), PAUSE_MS);
        }}
        onKeyDown={(press) => {
          if (press.key === 'Enter') tell(text.trim());
        }}
      />
      {slash && text === '' && <kbd aria-hidden="true">/</kbd>}
    </label>
  );
};

/** One of a few values; the first, empty one means any. */
export const Choice = ({
  label,
  value,
  options,
  onChange,
}: {
  readonly label: string;
  readonly value: string;
  readonly options: readonly (readonly [value: string, text: string])[];
  readonly onChange: (value: string) => void;
}) => (
  <label class={`choice${value === (options[0]?.[0] ?? '') || options[0]?.[0] !== '' ? '' : ' on'}`}>
    <span class="sr">{label}</span>
    <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
      {options.map(([name, text]) => (
        <option key={name} value={name}>
          {text}
        </option>
      ))}
    </select>
    <Icon name="down" size={12} />
  </label>
);

/** Something that opens below its button; a click elsewhere and Escape close it. */
export const Popover = ({
  label,
  on,
  children,
}: {
  readonly label: ComponentChildren;
  readonly on: boolean;
  readonly children: ComponentChildren;
}) => {
  const details = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const away = (event: Event): void => {
      const element = details.current;
      if (element?.open && !element.contains(event.target as Node)) element.open = false;
    };
    document.addEventListener('pointerdown', away);
    document.addEventListener('focusin', away);
    return () => {
      document.removeEventListener('pointerdown', away);
      document.removeEventListener('focusin', away);
    };
  }, []);
  return (
    <details
      ref={details}
      class="popover"
      onKeyDown={(press) => {
        if (press.key !== 'Escape' || !details.current?.open) return;
        press.stopPropagation();
        details.current.open = false;
        details.current.querySelector('summary')?.focus();
      }}
    >
      <summary class={`choice-button${on ? ' on' : ''}`}>
        {label} <Icon name="down" size={12} />
      </summary>
      <div class="popover-body">{children}</div>
    </details>
  );
};

/** Several of many values. `value` is the list with commas, as in the address. */
export const Several = ({
  label,
  value,
  options,
  onChange,
}: {
  readonly label: string;
  readonly value: string;
  readonly options: readonly string[];
  readonly onChange: (value: string) => void;
}) => {
  const chosen = value === '' ? [] : value.split(',');
  const [find, setFind] = useState('');
  const all = [...new Set([...chosen, ...options])];
  const shown = all.filter((name) => name.toLowerCase().includes(find.toLowerCase()));
  return (
    <Popover
      label={
        chosen.length === 0 ? (
          label
        ) : chosen.length === 1 ? (
          <Text value={chosen[0] ?? ''} max={24} />
        ) : (
          `${label} (${chosen.length})`
        )
      }
      on={chosen.length > 0}
    >
      {all.length > 8 && (
        <input
          class="popover-find"
          type="search"
          aria-label={`Find in ${label}`}
          placeholder="Find"
          value={find}
          onInput={(event) => setFind(event.currentTarget.value)}
        />
      )}
      <ul class="popover-list">
        {shown.map((name) => (
          <li key={name}>
            <label class="check">
              <input
                type="checkbox"
                checked={chosen.includes(name)}
                onChange={(event) =>
                  onChange(
                    (event.currentTarget.checked
                      ? [...chosen, name]
                      : chosen.filter((one) => one !== name)
                    ).join(','),
                  )
                }
              />
              <Text value={name} />
            </label>
          </li>
        ))}
        {shown.length === 0 && <li class="muted">none</li>}
      </ul>
    </Popover>
  );
};

/** What is filtered by, each with a way to take it out. */
export const Chips = ({
  items,
  onClear,
}: {
  readonly items: readonly { readonly name: string; readonly value: string; readonly remove: () => void }[];
  readonly onClear: () => void;
}) =>
  items.length === 0 ? null : (
    <ul class="chips" aria-label="Filters">
      {items.map(({ name, value, remove }) => (
        <li key={name} class="chip">
          <span class="muted">{name}</span> <Text value={value} max={60} />
          <button type="button" aria-label={`Take out the filter ${name}`} onClick={remove}>
            <Icon name="close" size={12} />
          </button>
        </li>
      ))}
      <li>
        <button type="button" class="link" onClick={onClear}>
          Clear all
        </button>
      </li>
    </ul>
  );

/** The filters of a list. On a phone all but the search are behind a button. */
export const FilterBar = ({
  label,
  active,
  children,
}: {
  readonly label: string;
  /** How many filters are set. */
  readonly active: number;
  readonly children: ComponentChildren;
}) => {
  const [open, setOpen] = useState(false);
  return (
    <div class={`filters${open ? '' : ' closed'}`} role="search" aria-label={label}>
      {children}
      <button type="button" class="button filters-toggle" aria-expanded={open} onClick={() => setOpen(!open)}>
        <Icon name="filter" size={14} /> {active === 0 ? 'Filters' : `Filters (${active})`}
      </button>
    </div>
  );
};
