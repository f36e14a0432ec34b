export { Domain, type DomainOptions, type PlacedDisk, startDomain } from './domain';
export { type DomainDisk, domainXml, type DomainSettings, type Nvram } from './domain-xml';
export { affectedQemu, type Emulator, emulatorPath } from './emulator';
export { bootSector, installGuest, readCounter } from './guest';
export { Host, type HostOptions, type HostRunOptions } from './host';
export { relinkDisk } from './relink-disk';
export { migrateToSink, type SinkMigration } from './sink-migration';
export { describeFailure, succeed } from './succeed';
export { until, type UntilOptions } from './until';
export { Volume } from './volume';
export { type Daemon, daemonPid, startDaemon, stopDaemon } from './daemons';
export { Lab, type LabDomainOptions, type LabOptions, type LabVolumeOptions } from './lab';
export { type LiveMigration, type LiveMigrationOptions } from './live-migration';
export {
  checkPattern,
  FIRST_SECTOR,
  type Pattern,
  record,
  RING,
  SECTOR,
  sectorOf,
  verifyPattern,
} from './pattern';
export { installPatternGuest, type PatternGuestOptions } from './pattern-guest';
export { ABSENT, type Presence } from './presence';
export { leftovers, type Traces } from './traces';
