// Makes docs/platforms.md from the result files of the tier `releases`. A cell is what its result file says; what no
// file says is `not shown`.
const { existsSync, readFileSync } = require('node:fs');
const { join } = require('node:path');

const results = join(__dirname, '../../test/releases/results');
const releases = ['bullseye', 'bookworm', 'trixie', 'forky'];
const notShown = 'not shown';

const table = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

function read(name) {
  const file = join(results, `${name}.json`);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { workflows: [], orders: [] };
}

const heading = `<!-- Made from test/releases/results by \`npm run docs\`, and by \`npm test -- --tier releases\`, if all tests of a release pass. -->

# Platforms

What was shown on which release of Debian: two hosts of the release, with its own libvirt and QEMU, real VMs and real
orders ([test/README.md](../test/README.md)). Every cell of the tables is what a run recorded; what was not run is
\`${notShown}\`. The kernel is that of the machine of the tests, and guests run without KVM. Forky changes every day: its
column shows one day, and nothing depends on it.`;

const intro = `## Verdicts and orders

Each cell has the verdict of \`check --for\` the order, that of \`check --deep\` where it is another or was not recorded
(\`${notShown}\`), and then what the order really did. Where it failed, and nothing else is said, a \`repair\` made the
same order succeed. \`missing\` is what QEMU's mount namespace lacked of the path of one
disk. A dump counts as a save for the check, and a snapshot with memory as a snapshot. For the orders that open no disk
again, \`--for\` has no name, so their verdict is that of a migration and a save: \`blockresize\`, \`blockpull\`,
\`change-media\`, \`detach-disk\` and \`attach-disk\` of the disk whose path is missing, an internal snapshot, \`reset\`. A
backup was not run.`;

const byParts = `## Red Hat, SUSE and Ubuntu, by parts

None of them was run, so each of their cells would be \`${notShown}\`, and what follows is from sources and documentation.
\`virsh version --daemon\` prints the versions of a host. A QEMU between two columns may behave like either of them;
migrate-guard decides by what the running QEMU answers and has open, and not by its version.

- **QEMU before 7.2.3, and 8.0.0, lose their disks** if a live migration fails while they hand them over, unless the
  distribution has the fix. The tests of \`qemu\` and \`lab\` show that and all remedies with QEMU 7.2.0 on Debian 12.
  QEMU 5.2 of bullseye ignores a path that it cannot open, but the workflow “a live migration that fails for another
  reason than a path” shows that it loses its disks then, and that \`reset\` gives them back. The others are \`${notShown}\`:
  Debian's archive has the sources of 5.2 (bullseye) and 7.2.0 (bookworm, whose package adds the fix), and of 10.0 and
  later; bullseye-backports is gone.
- **The name of QEMU's program**: \`/usr/libexec/qemu-kvm\` on RHEL, \`qemu-kvm-one\` with OpenNebula's own packages.
  migrate-guard finds the process by libvirt's files and by \`-name guest=…,-uuid\`, not by the program's name. With these
  names: \`${notShown}\`.
- **SELinux** (RHEL): \`repair\` gives what it creates the label of the host's entry, as libvirt does. On a machine with
  SELinux: \`${notShown}\`.
- **AppArmor** (Ubuntu, SLES, Debian): the profile of a VM lists the paths that libvirt knew at its start; a new path
  needs a rule. \`check --deep\` and \`repair\` let QEMU itself open the path, and report a refusal. Under a profile of
  libvirt: \`${notShown}\`, because the hosts of these tests have no security driver.
- **virtqemud** instead of libvirtd: \`${notShown}\`, because Debian builds it, but leaves it out of its packages
  (\`debian/not-installed\` of libvirt). The texts of migrate-guard name both; it asks through
  \`virsh --connect qemu:///system\`, and reads the files of \`/run/libvirt/qemu\`.
- **Node**: the [packages](install.md) contain their own. It runs on bullseye and bookworm in these tests, and the
  package of a host is installed on bullseye and trixie.`;

const unique = (values) => [...new Set(values)];

function cellOf({ verdict, deep, really, repaired }) {
  const after = { 'not repairable': ', not repairable', fails: ', **also after a repair**' }[repaired] ?? '';
  const withDeep = deep === undefined ? ` (\`--deep\` ${notShown})` : ` (with \`--deep\`: ${deep})`;
  const said = deep === verdict ? verdict : `${verdict}${withDeep}`;
  return `${said}: ${really}${after}`;
}

/** @returns the text of docs/platforms.md */
function platformsPage() {
  const all = releases.map(read);
  const upgrade = read('upgrade');
  const orders = all.flatMap((each) => each.orders);
  const version = (key) => all.map(({ versions }) => versions?.[key] ?? notShown);
  const versions = table(
    ['', ...releases],
    [
      ['system', ...version('system')],
      ['libvirt', ...version('libvirt')],
      ['QEMU', ...version('qemu')],
      ['Node', ...version('node')],
    ],
  );
  const workflows = table(
    ['workflow', ...releases],
    unique(all.flatMap((each) => each.workflows.map(({ workflow }) => workflow))).map((name) => [
      name,
      ...all.map((each) => each.workflows.find(({ workflow }) => workflow === name)?.outcome ?? notShown),
    ]),
  );
  const matrix = unique(orders.map(({ disks }) => disks)).map((disks) => {
    const ofKind = orders.filter((cell) => cell.disks === disks);
    const rows = unique(ofKind.map(({ missing, order }) => JSON.stringify([missing, order]))).map((key) => {
      const [missing, order] = JSON.parse(key);
      const cells = all.map((each) =>
        each.orders.find((cell) => cell.disks === disks && cell.missing === missing && cell.order === order),
      );
      return [missing, `\`${order}\``, ...cells.map((cell) => (cell ? cellOf(cell) : notShown))];
    });
    return `### ${disks[0].toUpperCase()}${disks.slice(1)}\n\n${table(['missing', 'order', ...releases], rows)}`;
  });
  const moves = table(
    ['move', 'outcome'],
    upgrade.workflows.length > 0
      ? upgrade.workflows.map(({ workflow, outcome }) => [workflow, outcome])
      : [['between two releases', notShown]],
  );
  const sections = [heading, versions, intro, matrix.join('\n\n'), '## Workflows', workflows];
  return `${[...sections, '## From one release to the next', moves, byParts].join('\n\n')}\n`;
}

module.exports = { platformsPage, cellOf, results };
