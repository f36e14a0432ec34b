import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const read = (file: string): string => readFileSync(join(__dirname, '../../..', file), 'utf8');

const versions = Object.keys(JSON.parse(read('setup/node-versions.json')) as Record<string, string>);
const [first = '', ...majors] = versions.map((version) => version.replace(/\..*/, ''));

test('README names the Nodes with which the tests run, and package.json the oldest', () => {
  const last = majors.pop() ?? '';
  const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } };
  const oldest = /^>=(\d+\.\d+)$/.exec(engines.node)?.[1] ?? '';
  expect(oldest.split('.')[0]).toBe(first);
  expect(read('README.md')).toContain(`Node ${[oldest, ...majors].join(', ')} or ${last}`);
});
