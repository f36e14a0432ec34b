export { until } from '../../lab/harness/until';
export { Volume } from '../../lab/harness/volume';
export { FuseMount, type FuseMode } from './fuse';
export { HostileQemu } from './hostile-qemu';
export { domainOf, whileHeld } from './held';
export { bundleForNode, bundleProgram, type Program } from './program';
export { debian, type Release } from './debian-release';
export { Servant } from './namespace-agent';
export {
  logDirectory,
  oneadmin,
  parseChecked,
  Qemu,
  Stage,
  stateDirectory,
  type Checked,
  type QemuOptions,
} from './namespace-stage';
export { statusXml } from './status-xml';
export { Tree } from './namespace-tree';
export { giveToQemu, placeDisk, type PlacedDisk } from './disk';
export { useStage, type Healthy, type Hold } from './use-stage';
