import { createHash } from 'node:crypto';
import type { FleetReport } from '../model/fleet';
import { commandsOfAll } from './commands';
import { finder } from './finder';
import { guards } from './guards';
import { fleetMap } from './map';
import { Markup, markup } from './markup';
import script from './page.client.js';
import stylesheet from './page.css';
import { rowsOf } from './rows';
import { headline, misplaced, summary, unknowns, urgent } from './summary';
import { vmTable } from './table';

/**
 * One self-contained HTML page: it needs no network and no other file, and shows all of its content without its
 * script. Ages are relative to `report.time`.
 */
export function renderPage(report: FleetReport, version: string): string {
  const rows = rowsOf(report);
  const fleet = markup`${finder(report)}${fleetMap(report, rows)}${commandsOfAll(report)}${vmTable(rows)}`;
  const page = markup`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${new Markup(policy)}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${headline(report)}: migrate-guard audit</title>
        <style>${new Markup(stylesheet)}</style>
      </head>
      <body>
        <a class="skip" href="#vms">To the table of VMs</a>
        ${summary(report, rows)}
        <main>${misplaced(rows)}${urgent(rows)}${unknowns(report, rows)}${guards(report)}${fleet}</main>
        <footer>migrate-guard ${version}. VMs change: check again before you move one.</footer>
        <script>${new Markup(script)}</script>
      </body>
    </html>`;
  return `${page.text}\n`;
}

/** Allows only this stylesheet and this script, so that nothing else in the page can run or load anything. */
const policy = [
  "default-src 'none'",
  `style-src ${hash(stylesheet)}`,
  `script-src ${hash(script)}`,
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

function hash(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
