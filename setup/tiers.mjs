// The tiers of tests, the fastest first, and what each needs. The names are folders below test/.
//   root       whether it takes root, be it only to install its packages
//   packages   groups of setup/packages.sh
//   trees      Debian releases of which it has a host (setup/debian-tree.sh); none where it is missing
//   build      whether it runs the bundles in dist/
//   affected   whether it runs QEMU 7.2.0
//   inside     processors (x64, arm64) for which it makes programs that contain Node; none where it is missing
//   everyNode  whether each supported Node has to pass it, and not only the one of this machine (npm test -- --all)
//   anyNode    paths of its tests that one Node is enough for: of texts, of decisions on data that other tests read with
//              each Node, and of how the programs are built
//   workers    test files at once
export const tiers = {
  unit: {
    root: false,
    packages: [],
    build: false,
    affected: false,
    everyNode: true,
    anyNode: ['unit/docs/', 'unit/messages/', 'unit/package/', 'unit/test-runner/'],
    workers: 2,
  },
  namespace: {
    root: true,
    packages: ['namespace', 'package'],
    trees: ['trixie'],
    build: true,
    affected: false,
    inside: ['x64', 'arm64'],
    everyNode: false,
    workers: 3,
  },
  qemu: {
    root: true,
    packages: ['qemu'],
    trees: ['trixie'],
    build: true,
    affected: true,
    everyNode: false,
    workers: 3,
  },
  lab: {
    root: true,
    packages: ['qemu', 'lab', 'ansible', 'package'],
    build: true,
    affected: true,
    inside: ['x64'],
    everyNode: false,
    workers: 3,
  },
  releases: {
    root: true,
    packages: ['qemu', 'lab', 'package'],
    build: true,
    affected: false,
    inside: ['x64'],
    everyNode: false,
    workers: 3,
  },
  readers: { root: true, packages: ['readers'], build: false, affected: false, everyNode: false, workers: 1 },
  bundle: {
    root: false,
    packages: [],
    build: true,
    affected: false,
    everyNode: true,
    anyNode: [
      'bundle/completion',
      'bundle/fleet-rollout',
      'bundle/help',
      'bundle/licences-and-sbom',
      'bundle/same-bytes',
      'bundle/stamp',
    ],
    workers: 2,
  },
};
