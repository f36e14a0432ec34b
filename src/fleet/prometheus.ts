import type { FleetReport } from './model/fleet';
import { metricsOf, type Metric } from './model/metrics';

/**
 * The fleet in Prometheus' text format, version 0.0.4, for node_exporter's textfile collector, which refuses timestamps.
 */
export function renderMetrics(report: FleetReport, version: string): string {
  return metricsOf(report, version).map(render).join('');
}

function render({ name, help, samples }: Metric): string {
  // A duplicate series would make the collector drop the whole file.
  const lines = new Set(samples.map(([labels, value]) => `${name}${renderLabels(labels)} ${value}\n`));
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${[...lines].join('')}`;
}

function renderLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escape(value)}"`);
  return pairs.length > 0 ? `{${pairs.join(',')}}` : '';
}

/** Escapes what the format requires. A lone surrogate, which UTF-8 cannot hold, becomes U+FFFD. */
function escape(value: string): string {
  return value
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n')
    .replace(/\p{Cs}/gu, '\ufffd');
}
