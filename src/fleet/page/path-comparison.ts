import { sameTarget } from '../../file-tree/model/entry';
import type { Evidence, Finding } from '../../core/finding';
import { type Markup, markup, signs } from './markup';

/**
 * The chain of each affected disk, on the host and in QEMU's mount namespace; one figure for all checks of a disk.
 */
export function viewsOf(findings: readonly Finding[]): Markup[] {
  const drawn = new Map<string, Markup>();
  for (const { state, disk = '', path = '', evidence } of findings) {
    const title = `${disk} ${path}`;
    if (state === 'ok' || drawn.has(title) || !evidence?.host || !evidence.namespace) continue;
    drawn.set(title, markup`${drawViews(title, evidence.host, evidence.namespace)}${ends(evidence)}`);
  }
  return [...drawn.values()];
}

function drawViews(title: string, host: readonly string[], namespace: readonly string[]): Markup {
  const first = firstDifference(host, namespace);
  const rows = Array.from({ length: Math.max(host.length, namespace.length) }, (_, index) => {
    const sign =
      index === first ? markup`<b>${signs.unequal}</b> first difference` : index < first ? '=' : undefined;
    return markup`
      <tr class="${index === first ? 'differs' : 'hop'}">
        <td>${hop(host[index])}</td>
        <td class="sign">${sign}</td>
        <td>${hop(namespace[index])}</td>
      </tr>`;
  });
  return markup`
    <table class="views">
      <caption>${title}</caption>
      <thead>
        <tr>
          <th scope="col">On the host</th>
          <th scope="col" class="sign"><span class="unseen">Same?</span></th>
          <th scope="col">In QEMU's mount namespace</th>
        </tr>
      </thead>
      <tbody>${rows}</tbody>
    </table>`;
}

function ends({ device, open }: Evidence): Markup | undefined {
  if (device === undefined && open === undefined) return undefined;
  return markup`
    <p>
      ${device === undefined ? undefined : markup`The path leads to <code>${device}</code>. `}
      ${open === undefined ? undefined : markup`QEMU holds <code>${open}</code> open.`}
    </p>`;
}

/** The index of the first hop that differs between both views; past the end where none does. */
export function firstDifference(host: readonly string[], namespace: readonly string[]): number {
  const length = Math.max(host.length, namespace.length);
  for (let index = 0; index < length; index += 1) {
    if (!isSameHop(host[index], namespace[index])) return index;
  }
  return length;
}

function isSameHop(one: string | undefined, other: string | undefined): boolean {
  if (one === other) return true;
  if (one === undefined || other === undefined) return false;
  const [here, there] = [asLink(one), asLink(other)];
  if (!here || !there || here.path !== there.path) return false;
  return sameTarget(here.path, here.target, there.target);
}

/** Matches a link as file-tree/model/describe-hops.ts writes it. */
function asLink(text: string): { readonly path: string; readonly target: string } | undefined {
  const [path, target, ...rest] = text.split(' -> ');
  return path !== undefined && target !== undefined && rest.length === 0 ? { path, target } : undefined;
}

function hop(text: string | undefined): Markup {
  if (text === undefined) return markup`<span class="nothing">the path has ended</span>`;
  const link = asLink(text);
  if (link) return markup`<code>${link.path}</code><br /><code>${signs.arrow} ${link.target}</code>`;
  if (text.endsWith(': missing')) return markup`<code class="missing">${signs.cross} ${text}</code>`;
  return markup`<code>${text}</code>`;
}
