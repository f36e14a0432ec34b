import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { domainOf, type Domain } from '../../../src/hypervisor/model/domain-xml';
import type { Element } from '../../../src/core/element';
import { parseJobInfo } from '../../../src/move/model/job-progress';
import { blockJobIn, jobIn } from '../../../src/hypervisor/model/job';
import { qemuNamespaces } from '../../../src/doctor/model/qemu-conf';
import { readXml } from '../../../src/os/read-xml';
import { fuzz, refusesXml } from './parser';

const fixture = (name: string): string => readFileSync(join(__dirname, '../fixtures', name), 'utf8');
const statuses = ['status-one-310.xml', 'status-ejected-cdrom.xml'].map(fixture);
const domains = [...statuses, fixture('dumpxml-one-310.xml')];
const small = `<?xml version="1.0"?>
<!-- a comment --><domstatus state='running' pid="7"><domain type='kvm'><name>a &amp; b</name><uuid>0F</uuid>
<devices><disk type='file'><source file='/a&#x26;b'/><backingStore type='block'><source dev='/dev/x'/></backingStore>
<target dev='vda'/></disk></devices><x><![CDATA[<&>]]></x></domain></domstatus>`;

/** Reads every part of it. */
function readAll(element: Element, depth = 0): number {
  expect(depth).toBeLessThan(250);
  const own = [...element.attributes].reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  return element.children.reduce(
    (sum, inner) => sum + readAll(inner, depth + 1),
    own + element.name.length + element.text.length,
  );
}

fuzz('XML', {
  valid: [...domains, small],
  parse: readXml,
  refuses: refusesXml,
  // No entity makes it longer than the document.
  holds: (root, text) => expect(readAll(root)).toBeLessThanOrEqual(text.length),
});

fuzz<Domain>('a domain', {
  valid: [...domains, small],
  parse: (text) => domainOf(readXml(text)),
  refuses: refusesXml,
  holds: ({ name, uuid, pid, sources }) => {
    expect([name, uuid]).not.toContain('');
    expect(pid === undefined || (Number.isSafeInteger(pid) && pid > 0)).toBe(true);
    expect(sources.every(({ path, disk }) => path !== '' && typeof disk === 'string')).toBe(true);
  },
});

fuzz('the job of a domain', {
  valid: statuses.map((text) => text.replace('<domain ', "<job type='none' async='migration out'/><domain ")),
  parse: (text) => [jobIn(readXml(text)), blockJobIn(readXml(text))],
  refuses: refusesXml,
});

fuzz('virsh domjobinfo', {
  valid: [
    `Job type:         Unbounded\nOperation:        Outgoing migration\nTime elapsed:     1042         ms\nData processed:   118.370 MiB\nData remaining:   905.629 MiB\nData total:       1.000 GiB\nMemory bandwidth: 112.315 MiB/s\n`,
    'Job type:         None        \n',
  ],
  parse: parseJobInfo,
  holds: (progress) => {
    if (!progress) return;
    expect(Number.isInteger(progress.percent)).toBe(true);
    expect(progress.percent).toBeGreaterThanOrEqual(0);
    expect(progress.percent).toBeLessThanOrEqual(100);
  },
});

fuzz('qemu.conf', {
  valid: ['# a comment\nuser = "oneadmin"\nnamespaces = [ "mount", "ipc" ]\n', 'namespaces = []\n'],
  parse: qemuNamespaces,
});
