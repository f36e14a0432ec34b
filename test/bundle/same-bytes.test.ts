import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { buildAlone, type Built } from './build-once';

test('the same sources give the same bytes, in any directory', async () => {
  const places = ['migrate-guard-clone-', 'migrate-guard-another-clone-with-a-longer-name-'];
  const clones: Built[] = [];
  try {
    for (const place of places) clones.push(await buildAlone(place));
    const [one = [], other = []] = clones.map(({ directory }) =>
      readdirSync(directory, { recursive: true, encoding: 'utf8' })
        .sort()
        .filter((file) => statSync(join(directory, file)).isFile())
        .map((file) => ({ file, bytes: readFileSync(join(directory, file)) })),
    );
    expect(one.map(({ file }) => file)).toEqual(
      expect.arrayContaining(['migrate-guard.cjs', 'agent.cjs', 'licenses.txt', 'sbom.cdx.json']),
    );
    expect(other.map(({ file }) => file)).toEqual(one.map(({ file }) => file));
    const differing = one.filter(({ bytes }, index) => other[index]?.bytes.equals(bytes) !== true);
    expect(differing.map(({ file }) => file)).toEqual([]);
  } finally {
    for (const clone of clones) clone.remove();
  }
});
