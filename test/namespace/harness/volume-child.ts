import { Volume } from '../../lab/harness/volume';

// Creates one volume and stops it; volume.test.ts kills this process before it has finished.

void Volume.create().then((volume) => volume.release());
