import { giveToQemu, placeDisk, Stage, type PlacedDisk, type Qemu, type Volume } from '../harness';
import { readNote, startLogged, writeLog } from './failed-migration';
import { startHealthy, uses } from './healthy-domain';
import type { Read } from './fs-snapshot';
import { configuration, furnish, type Workflow } from './workflow';

/** The workflows that change something. */
export const changing: readonly Workflow[] = [
  {
    name: 'repair',
    keepsSafe: false,
    make: async (program, volumes) => {
      const { stage, qemu } = await startBroken(program, volumes);
      return { stage, qemu, argv: ['repair', '310', '--config', configuration] };
    },
  },
  {
    name: 'watch --once',
    keepsSafe: false,
    make: async (program, volumes) => {
      const { stage, qemu } = await startBroken(program, volumes);
      writeLog(stage, 'one-310', false);
      return { stage, qemu, argv: ['watch', '--once', '--config', configuration], read: readNote };
    },
  },
  {
    name: 'relink',
    keepsSafe: true,
    make: async (program, volumes) => {
      const { stage, qemu, argv } = await startOld(program, volumes);
      return { stage, qemu, argv, read: withoutJournals };
    },
  },
  {
    name: 'relink --undo',
    keepsSafe: true,
    make: async (program, volumes) => {
      const { stage, qemu, argv } = await startOld(program, volumes);
      const { stdout } = await stage.run([...argv, '--json']);
      const { journal } = JSON.parse(stdout) as { journal: string };
      return {
        stage,
        qemu,
        argv: ['relink', '--undo', journal, '--config', configuration],
        read: withoutJournals,
      };
    },
  },
  {
    name: 'reset',
    keepsSafe: true,
    make: async (program, volumes) => {
      const { stage, qemu } = await startLogged(program, volumes, 'failed');
      return { stage, qemu, argv: ['reset', '310', '--config', configuration], read: readNote };
    },
  },
  {
    name: 'layout',
    keepsSafe: true,
    make: async (program, volumes) => {
      const { stage, qemu } = await startHealthy(program, volumes);
      stage.host.file('/mnt/bin/gdb', gdb, { mode: 0o755 });
      return { stage, qemu, argv: ['layout', '/bin/true', '--config', configuration] };
    },
  },
  {
    name: 'audit --html --prometheus',
    keepsSafe: true,
    make: async (program, volumes) => {
      const { stage, qemu } = await startHealthy(program, volumes);
      // An earlier page and earlier metrics, which may be read at any moment.
      stage.host.file('/mnt/out/audit.html', 'old </html>\n', { mode: 0o644 });
      stage.host.file('/mnt/out/audit.prom', 'old # EOF\n', { mode: 0o644 });
      const files = ['--html', '/mnt/out/audit.html', '--prometheus', '/mnt/out/audit.prom'];
      return { stage, qemu, argv: ['audit', '--here', ...files, '--config', configuration], read: isWhole };
    },
  },
];

/**
 * A domain whose path needs every kind of step, with access control lists; one node exists under another name, and
 * one does not.
 */
export async function startBroken(
  program: string,
  volumes: readonly Volume[],
): Promise<{ stage: Stage; qemu: Qemu }> {
  const stage = await Stage.start(program);
  furnish(stage);
  const rdevs = ['a', 'b', 'c'].map((_, index) => uses(volumes, index).rdev);
  stage.host.link('/dev/by-name', 'new');
  stage.host.link('/dev/new/a', '../sp-a');
  stage.host.link('/dev/new/b', '../renamed/b');
  await stage.host.node('/dev/sp-a', 'b', rdevs[0], { uid: 9869 });
  await stage.host.node('/dev/renamed/b', 'b', rdevs[1], { uid: 9869 });
  await stage.host.node('/dev/sp-c', 'b', rdevs[2], { uid: 9869 });
  stage.host.acl('/dev/sp-c', 'u:107:rw');
  stage.host.acl('/dev/new', 'u:107:rx');
  const qemu = await stage.startQemu({
    disks: [{ path: '/dev/by-name/a' }, { path: '/dev/by-name/b' }, { path: '/dev/sp-c' }],
    holds: ['/dev/sp-a', '/dev/sp-b', '/dev/sp-c'],
    prepare: async (tree) => {
      tree.link('/dev/by-name', 'old');
      tree.link('/dev/old/a', '../sp-a');
      for (const [index, name] of ['a', 'b', 'c'].entries())
        await tree.node(`/dev/sp-${name}`, 'b', rdevs[index], { uid: 9869 });
    },
  });
  qemu.tree.remove('/dev/sp-c');
  return { stage, qemu };
}

/** Two disks whose links get other names, one in a directory of oneadmin's, one in a directory of root's. */
async function startOld(
  program: string,
  volumes: readonly Volume[],
): Promise<{ stage: Stage; qemu: Qemu; argv: readonly string[] }> {
  const stage = await Stage.start(program);
  furnish(stage);
  const disks: PlacedDisk[] = [];
  for (const index of [0, 1]) {
    const disk = await placeDisk(stage, uses(volumes, index), index, 310 + index);
    stage.host.link(`/dev/storpool-byid/fir.${index}`, `..${disk.node.slice('/dev'.length)}`);
    disks.push(disk);
  }
  for (const path of ['/mnt/one/datastores/0/310', '/mnt/one/datastores/0/310/disk.0'])
    stage.host.own(path, { uid: 9869 });
  const prepare = async (tree: Qemu['tree']): Promise<void> => {
    for (const disk of disks) await giveToQemu(tree, disk);
  };
  const qemu = await stage.startQemu({ disks, prepare });
  const map = disks.map(({ path }, index) => `${path} /dev/storpool-byid/fir.${index}\n`);
  stage.host.file('/mnt/map', map.join(''));
  return { stage, qemu, argv: ['relink', '--map', '/mnt/map', '--config', configuration] };
}

/** A gdb that answers each query about a layout at once; with a real QEMU's debug information that takes minutes. */
const gdb = `#!/bin/sh
for word in "$@"; do
  case $word in
    printf*) set -- \${word#printf \\"}; echo "$1 $2 8" ;;
    'ptype enum RunState')
      echo 'type = enum RunState {RUN_STATE_RUNNING, RUN_STATE_PAUSED, RUN_STATE_FINISH_MIGRATE, RUN_STATE_POSTMIGRATE}' ;;
    'ptype enum MigrationStatus')
      echo 'type = enum MigrationStatus {MIGRATION_STATUS_NONE, MIGRATION_STATUS_ACTIVE, MIGRATION_STATUS_COMPLETED, MIGRATION_STATUS_FAILED}' ;;
  esac
done
`;

/** Each run writes a different journal. */
const withoutJournals: Read = (path, text) => (path.startsWith('/mnt/journals/') ? undefined : text);

/** Reads from a file that contains the time only whether it is the old one, or a complete new one. */
const isWhole: Read = (path, text) => {
  if (!path.startsWith('/mnt/out/')) return text;
  if (text.startsWith('old')) return 'old';
  if (path.endsWith('.html') && /^<!doctype html>[^]*<\/html>\n$/i.test(text)) return 'new';
  if (path.endsWith('.prom') && text.endsWith('\n')) return (text.match(/^# HELP \S+/gm) ?? []).join();
  return 'torn';
};
