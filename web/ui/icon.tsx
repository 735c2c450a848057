/* Icons as strokes on 16 × 16, drawn by us: no font, no files. Decoration: the text beside them says it. */

const PATHS = {
  overview: 'M2.5 8h2.6l1.7-4.2 2.6 8.4L11 8h2.5',
  events: 'M2.5 4h1M6 4h7.5M2.5 8h1M6 8h7.5M2.5 12h1M6 12h7.5',
  alerts:
    'M8 2.2a4 4 0 0 0-4 4c0 3.6-1.5 4.8-1.5 4.8h11S12 9.8 12 6.200a4 4 0 0 0-4-4ZM6.7 13.400a1.5 1.5 0 0 0 2.6 0',
  rules: 'M8 2 3 4v4c0 3 2.2 5 5 6 2.8-1 5-3 5-6V4L8 2ZM6 8l1.5 1.500L10.2 6.8',
  silences:
    'M6 4.500A4 4 0 0 1 12 7c0 1.2.2 2.1.4 2.800M4 7c0 3.2-1.5 4-1.5 4h8M2 2l12 12M6.7 13.400a1.5 1.5 0 0 0 2.6 0',
  completeness: 'M3 3.500h10v10H3zM3 6.500h10M6 2v2.500M10 2v2.500M6 10l1.4 1.4 2.6-2.8',
  search: 'M7 11.500a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9ZM10.5 10.5 14 14',
  close: 'M4 4l8 8M12 4l-8 8',
  check: 'M3 8.5 6.5 12 13 4.5',
  cross: 'M4.5 4.500l7 7M11.5 4.500l-7 7',
  question: 'M6 6a2 2 0 1 1 2.8 1.900c-.6.3-.8.7-.8 1.400M8 11.800v.2',
  warning: 'M8 2.5 14.5 13.500H1.500L8 2.500ZM8 6.500v3.200M8 11.500v.2',
  bad: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 5v3.700M8 10.800v.2',
  good: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM5.3 8.200l2 2 3.5-4',
  sun: 'M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM8 1.500v1.300M8 13.200v1.300M1.5 8h1.300M13.2 8h1.300M3.4 3.400l.9.9M11.7 11.700l.9.9M3.4 12.600l.9-.9M11.7 4.300l.9-.9',
  moon: 'M13.5 9.500A5.8 5.8 0 0 1 6.5 2.500a5.8 5.8 0 1 0 7 7Z',
  system: 'M2 3h12v8H2zM6 13.500h4M8 11v2.5',
  keyboard: 'M1.5 4h13v8h-13zM4 6.500h.2M6.6 6.500h.2M9.2 6.500h.2M11.8 6.500h.2M5 9.500h6',
  out: 'M9.5 5V3h-7v10h7v-2M6.5 8h7.500M11.5 5.5 14 8l-2.5 2.5',
  right: 'M6 3.5 10.5 8 6 12.5',
  down: 'M3.5 6 8 10.5 12.5 6',
  up: 'M8 13V3.500M4 7l4-4 4 4',
  left: 'M10 3.5 5.5 8l4.5 4.5',
  filter: 'M2 3.500h12M4.5 8h7M6.5 12.500h3',
  retry: 'M13 8a5 5 0 1 1-1.6-3.700M13 2.500v2.800h-2.8',
  copy: 'M5.5 5.500h8v8h-8zM10.5 5.500v-3h-8v8h3',
  clock: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 4.800V8l2.2 1.6',
  plus: 'M8 3v10M3 8h10',
  play: 'M5 3l8 5-8 5V3Z',
} as const;

export type IconName = keyof typeof PATHS;

export const Icon = ({ name, size = 16 }: { readonly name: IconName; readonly size?: number }) => (
  <svg class="icon" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
    <path d={PATHS[name]} />
  </svg>
);
