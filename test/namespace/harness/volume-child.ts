import { Volume } from '../../lab/harness/volume';

// Makes one volume and lets it go; volume.test.ts kills it before it is done.

void Volume.create().then((volume) => volume.release());
