export { until } from '../../lab/harness/until';
export { Volume } from '../../lab/harness/volume';
export { bundleProgram, type Program } from './program';
export { Servant } from './servant';
export { oneadmin, parseChecked, Qemu, Stage, stateDirectory, type Checked, type QemuOptions } from './stage';
export { statusXml } from './status-xml';
export { Tree } from './tree';
export { giveToQemu, placeDisk, type PlacedDisk } from './disk';
export { useStage, type Healthy } from './use-stage';
