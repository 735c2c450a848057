import type { Settings, TracingSettings } from '../config/settings.ts';
import type { Tracer } from '../core/tracer.ts';
import { createHttpPoster } from '../sinks/http.ts';
import { createExporter } from '../tracing/exporter.ts';
import { createTracer } from '../tracing/tracer.ts';
import type { Monitor, MonitorParts } from './parts.ts';
import { packageVersion } from './version.ts';

/** One request of spans may take so long. */
const TIMEOUT_MS = 10_000;

/** Makes what traces the monitor. This file is loaded only when traces are wanted. */
export const createTracing = (
  tracing: TracingSettings,
  { proxy }: Pick<Settings, 'proxy'>,
  { log, now, random, redact }: Pick<MonitorParts, 'log' | 'now' | 'random' | 'redact'>,
  telemetry: Monitor['telemetry'],
): { readonly tracer: Tracer; close(): Promise<void> } => {
  const version = packageVersion();
  const http = createHttpPoster(
    new URL(tracing.url),
    { timeoutMs: TIMEOUT_MS, connections: 1 },
    { log, now, random, version, proxyFor: proxy.urlFor },
  );
  const headers = { ...tracing.headers, 'content-type': 'application/json' };
  const exporter = createExporter({
    post: (body, signal) => http.post(body, headers, signal),
    resource: {
      'service.name': tracing.serviceName,
      'service.version': version,
      'process.pid': process.pid,
      'process.runtime.name': 'nodejs',
      'process.runtime.version': process.versions.node,
    },
    version,
    redact,
    now,
    random,
    log,
    telemetry,
  });
  return {
    tracer: createTracer({ add: exporter.add, sample: tracing.sample, now }),
    async close() {
      await exporter.close();
      await http.close();
    },
  };
};
