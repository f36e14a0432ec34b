import { Packages } from '../namespace/installation/packages';
import { expectInstallable } from '../namespace/installation/release-machine';
import { defineReleaseTests } from './define-tests';
import { isWhole } from './results';

defineReleaseTests('bullseye');

// test/namespace/install/packages.test.ts shows it with newer releases.
if (isWhole)
  test('the package of a host is installed and removed by dpkg', async () => {
    const packages = await Packages.make(['deb']);
    try {
      await expectInstallable(packages, 'bullseye');
    } finally {
      packages.remove();
    }
  });
