import { Packages } from '../namespace/installation/packages';
import { expectDebUsable } from '../namespace/installation/release-machine';
import { defineReleaseTests } from './define-tests';
import { isWhole } from './results';

defineReleaseTests('bullseye');

// test/namespace/install/packages.test.ts shows it with newer releases.
if (isWhole)
  test('the package of a host is installed and removed by its dpkg', async () => {
    const packages = await Packages.make(['deb']);
    try {
      await expectDebUsable(packages, 'bullseye');
    } finally {
      packages.remove();
    }
  });
