import { message } from '../../messages';
import type { Check } from './check-type';

/**
 * Has libvirt a definition of a VM of OpenNebula, whose VMs are transient? OpenNebula's move to another datastore on the
 * same host defines and undefines the VM (src/vmm_mad/remotes/lib/kvm/opennebula_vm.rb, live_blockcopy_disks), and if it
 * fails in between, or before 7.4 for a VM with NVRAM, the definition stays (OpenNebula#7770). Every later move of that
 * kind then fails: "domain is not transient".
 */
export const domainPersistent: Check = {
  name: 'domain-persistent',
  inspect: ({ domain: { name: domain, isPersistent } }) =>
    isPersistent
      ? [{ check: 'domain-persistent', state: 'problem', ...message('domain-persistent', { domain }) }]
      : [],
};
