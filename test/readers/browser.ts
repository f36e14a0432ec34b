import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';

/** A page in a browser, opened from a file as an admin opens it. */
interface OpenPage {
  readonly page: Page;
  /** The addresses of all requests. */
  readonly requests: readonly string[];
  /** The browser's complaints: on the console, as an error of a script, in a dialog. */
  readonly complaints: readonly string[];
}

export interface Reader {
  /** `prepare` is a script that runs before the page's own one. */
  open(html: string, options?: BrowserContextOptions & { readonly prepare?: string }): Promise<OpenPage>;
  close(): Promise<void>;
}

/** Debian's Chromium, without a window, with a separate profile (which playwright creates and removes). */
export async function startReader(): Promise<Reader> {
  const folder = mkdtempSync(join(tmpdir(), 'migrate-guard-page-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  let browser: Browser;
  try {
    browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      timeout: 0,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--disable-sync',
        '--disable-component-update',
      ],
    });
  } catch (error) {
    remove();
    throw error;
  }
  let number = 0;
  return {
    open: async (html, { prepare, ...options } = {}) => {
      const file = join(folder, `page-${(number += 1)}.html`);
      writeFileSync(file, html);
      const context = await browser.newContext(options);
      // A busy machine may be slow; jest's own timeout ends a test that hangs.
      context.setDefaultTimeout(0);
      if (prepare !== undefined) await context.addInitScript(prepare);
      const page = await context.newPage();
      const requests: string[] = [];
      const complaints: string[] = [];
      page.on('request', (request) => requests.push(request.url()));
      page.on('console', (message) => complaints.push(message.text()));
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('dialog', (dialog) => {
        complaints.push(dialog.message());
        void dialog.dismiss();
      });
      await page.goto(pathToFileURL(file).href);
      return { page, requests, complaints };
    },
    close: async () => {
      await browser.close();
      remove();
    },
  };
}
