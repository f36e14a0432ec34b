import { isFailure } from '../../core/errors';
import type { Step } from '../../core/repair-step';
import { whyNoDisk } from '../../file-tree/model/describe-hops';
import { isUnknown } from '../../core/unknown';
import { message, type Message } from '../../messages';
import type { DomainFacts, SourceFacts } from './facts';
import { mergePlans, planSource, type Plan, type PlanInput } from './plan';
import { isReopened } from './reopened';

/**
 * A link that has to be replaced may also be on the path of another disk, which still resolves through it. Then the plan
 * covers that disk too, or there is no plan.
 */
export function planWithNeighbours(source: SourceFacts, facts: DomainFacts): Plan {
  const plans: Step[][] = [];
  const pending = [source];
  const seen = new Set(pending);
  for (let next = pending.pop(); next; next = pending.pop()) {
    const plan = planOf(next, facts);
    if (isFailure(plan)) {
      return next === source
        ? plan
        : { ...plan, ...message('neighbour-not-repairable', { disk: next.source.disk, why: plan.what }) };
    }
    plans.push([...plan.steps]);
    const replaced = new Set(
      plan.steps.flatMap(({ step, path }) => (step === 'replace-symlink' ? [path] : [])),
    );
    for (const other of facts.sources) {
      const isWhole = isReopened(other, facts) !== false && !whyNoDisk(other.namespace);
      if (!isWhole || seen.has(other) || !other.namespace.hops.some(({ path }) => replaced.has(path)))
        continue;
      seen.add(other);
      pending.push(other);
    }
  }
  return { steps: mergePlans(plans) };
}

function planOf(source: SourceFacts, facts: DomainFacts): Plan {
  const { mounts, ownNamespace } = facts;
  const whyKept: PlanInput['whyKept'] = (path, device, onHost) => {
    const why = useOfNode(path, device, facts);
    return why && message('node-kept', { path, device, why, onHost });
  };
  return planSource({ inside: [], ...source, mounts, ownNamespace, whyKept });
}

/**
 * libvirt leaves the nodes of detached disks in QEMU's `/dev`, and replaces one as soon as its name is needed for another
 * device (src/qemu/qemu_namespace.c, qemuNamespaceMknodOne). It knows by itself which disks are attached.
 */
function useOfNode(path: string, device: string, { open, sources }: DomainFacts): Message | undefined {
  if (isUnknown(open)) return message('node-perhaps-held');
  if (open.some((file) => file.kind === 'block' && file.device === device)) return message('node-held');
  const user = sources.find(({ namespace }) => namespace.hops.some((hop) => hop.path === path));
  return user && message('node-on-path', { disk: user.source.disk });
}
