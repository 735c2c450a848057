import { didYouMean } from '../base/similar.ts';
import { readSecret } from './read-secret.ts';
import { SECTIONS } from './schema.ts';
import type { Section } from './section.ts';
import type { DrillSettings, HeartbeatSettings } from './settings.ts';

/* What the monitor does to prove that it works: a drill through the sinks, a heartbeat to a dead man's switch. */

/** `09:00` and the minute after it. */
const minuteAt = (at: string): string => {
  const minutes = Number(at.slice(0, 2)) * 60 + Number(at.slice(3)) + 1;
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${at}-${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
};

/** Reads `drill`; undefined when there is none, or it has problems. */
export const readDrill = (
  section: Section,
  sinks: readonly string[] | undefined,
  timezone: string | undefined,
): DrillSettings | undefined => {
  const drill = section.check(SECTIONS.drill, ['drill']);
  // The raw list: another problem of the drill must not hide those of its sinks.
  const to = section.value(['drill', 'to']);
  for (const [index, name] of Array.isArray(to) ? to.entries() : []) {
    if (typeof name !== 'string' || name === '' || sinks === undefined || sinks.includes(name)) continue;
    section.problem(
      ['drill', 'to', index],
      `drill.to[${index}]: found ${section.shown(['drill', 'to', index])}, which is no sink, allowed: ${sinks.join(', ')}${didYouMean(name, sinks)}`,
    );
  }
  if (drill === undefined) return undefined;
  return {
    schedule: {
      ...(drill.days && { days: drill.days }),
      hours: [minuteAt(drill.at)],
      ...(timezone === undefined ? {} : { timezone }),
    },
    to: drill.to,
    withinMs: drill.within,
  };
};

/** A heartbeat as it was read once. */
export type ReadHeartbeat = Omit<HeartbeatSettings, 'reread'>;

/** Reads `heartbeat`; undefined when there is none, its url is empty, or it has problems. */
export const readHeartbeat = (section: Section): ReadHeartbeat | undefined => {
  const heartbeat = section.check(SECTIONS.heartbeat, ['heartbeat'], (path) => path.at(-1) === 'url');
  if (heartbeat === undefined) return undefined;
  if ((heartbeat.url === undefined) === (heartbeat.url_file === undefined)) {
    section.problem(
      ['heartbeat'],
      heartbeat.url === undefined
        ? 'heartbeat.url is missing; allowed: url or url_file'
        : 'heartbeat: found both url and url_file, allowed: one of them',
    );
    return undefined;
  }
  const read =
    heartbeat.url === undefined
      ? readSecret(section, ['heartbeat', 'url_file'], heartbeat.url_file ?? '')
      : { value: heartbeat.url, file: undefined };
  const url = read?.value ?? '';
  if (url === '') return undefined;
  const files = section.tree.place(['heartbeat', 'url'])?.files ?? [];
  for (const file of files) section.guardSecretFile(['heartbeat', 'url'], file);
  if (!URL.canParse(url)) {
    section.problem(
      ['heartbeat', 'url_file'],
      'heartbeat.url_file: holds no URL, allowed: an http or https URL',
    );
    return undefined;
  }
  section.known.add(url);
  return {
    url,
    intervalMs: heartbeat.interval,
    heads: heartbeat.heads,
    secretFiles: read?.file === undefined ? files : [read.file],
  };
};
