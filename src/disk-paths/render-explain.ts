import type { Explained } from './explain';
import { printable } from '../cli/escape';
import { renderReport } from '../cli/render-report';

/** The two views in two columns; a line that differs is marked. */
export function renderExplained({ report, disks, ownNamespace }: Explained): string {
  const lines: string[] = [];
  if (!ownNamespace) lines.push('QEMU shares the mount namespace of the host: both views are one.', '');
  for (const { disk, path, rows } of disks) {
    const width = Math.max(...rows.map(({ host }) => printable(host).length), 'host'.length);
    lines.push(`${disk}  ${path}`);
    lines.push(`    ${'host'.padEnd(width)}   QEMU's mount namespace`);
    for (const { host, namespace, same } of rows) {
      lines.push(`  ${same ? ' ' : '!'} ${printable(host).padEnd(width)}   ${namespace}`);
    }
    lines.push('');
  }
  return `${lines.map(printable).join('\n')}${lines.length > 0 ? '\n' : ''}${renderReport(report)}`;
}
