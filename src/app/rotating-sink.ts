import { isDeepStrictEqual } from 'node:util';
import { errorText } from '../base/errors.ts';
import { fileState } from '../config/secrets.ts';
import type { SinkSettings } from '../config/settings.ts';
import { isFedSink, type Sink, type Verdict } from '../core/delivery.ts';
import type { Log } from '../core/log.ts';

/** A sink in force, and how many of its attempts are under way. */
interface InForce {
  readonly sink: Sink;
  sending: number;
  /** Another one has taken its place: it is closed when nothing is under way any more. */
  retired: boolean;
}

/**
 * A sink that is made anew when one of the files that its secrets come from has changed: looked at before every attempt
 * (one `stat` each), so the next one uses what is there now. The change is atomic: an attempt is made with all of the
 * old options or all of the new ones, and what is under way ends with those it began with. Files that are missing, empty
 * or wrong leave the old sink in force, told once for each state of the files.
 *
 * @param make makes a sink of options; throws UsageError for those that cannot work together.
 */
export const createRotatingSink = (
  settings: Pick<SinkSettings, 'name' | 'options' | 'secretFiles' | 'reread'>,
  make: (options: SinkSettings['options']) => Sink,
  log: Log,
): Sink => {
  const { name, secretFiles } = settings;
  let { options } = settings;
  let current: InForce = { sink: make(options), sending: 0, retired: false };
  const retired = new Set<InForce>();
  // Not the state of now: the files may have changed since they were read.
  let seen: string | undefined;

  const renew = (): void => {
    const state = secretFiles.map((file) => fileState(file) ?? 'missing').join();
    if (state === seen) return;
    seen = state;
    try {
      const read = settings.reread();
      if ('reason' in read) return kept(read.reason);
      if (isDeepStrictEqual(read.options, options)) return;
      const fresh = make(read.options);
      const old = current;
      options = read.options;
      current = { sink: fresh, sending: 0, retired: false };
      retire(old);
      log.info('secret.changed', { sink: name, reason: 'a secret file has changed: the sink was made anew' });
      for (const warning of read.warnings) log.warn('secret.open', { sink: name, reason: warning });
    } catch (error) {
      kept(errorText(error));
    }
  };
  const kept = (reason: string): void =>
    log.error('secret.kept', {
      sink: name,
      reason: `a secret file has changed and cannot be used; the old one stays in force: ${reason}`,
    });

  const retire = (old: InForce): void => {
    old.retired = true;
    retired.add(old);
    closeWhenIdle(old);
  };
  const closeWhenIdle = (old: InForce): void => {
    if (!old.retired || old.sending > 0 || !retired.delete(old)) return;
    old.sink.close().catch((error: unknown) => {
      log.warn('secret.changed', {
        sink: name,
        reason: `the old sink could not be closed: ${errorText(error)}`,
      });
    });
  };

  const use = async (act: (sink: Sink) => Promise<Verdict>): Promise<Verdict> => {
    renew();
    const used = current;
    used.sending += 1;
    try {
      return await act(used.sink);
    } finally {
      used.sending -= 1;
      closeWhenIdle(used);
    }
  };

  const first = current.sink;
  return {
    name,
    type: first.type,
    concurrency: first.concurrency,
    ...(first.eventBatch !== undefined && { eventBatch: first.eventBatch }),
    send: (delivery, signal) => use((sink) => sink.send(delivery, signal)),
    ...(isFedSink(first) && {
      sendEvents: (batch, signal) =>
        use((sink) => {
          if (isFedSink(sink)) return sink.sendEvents(batch, signal);
          throw new Error('a changed secret made a sink that takes no events');
        }),
    }),
    async close() {
      const all = [current, ...retired];
      retired.clear();
      await Promise.all(all.map(({ sink }) => sink.close()));
    },
  };
};
