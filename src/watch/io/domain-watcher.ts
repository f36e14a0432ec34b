import { OneDirectory } from './one-directory';

/** Notices when libvirt writes or removes the status file of a domain: when one starts, ends, or gets another disk or job. */
export class DomainWatcher extends OneDirectory {
  /** `changed`: called with the domain's name. */
  constructor(stateDirectory: string, changed: (domain: string) => void) {
    super(stateDirectory, (event, name) => {
      // libvirt writes a new file and renames it (src/util/virfile.c, virFileRewrite).
      if (event === 'rename' && name?.endsWith('.xml') === true) changed(name.slice(0, -'.xml'.length));
    });
  }
}
