import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { documents } from '../../../src/commands/reference';
import { verbs } from '../../../src/commands';

const read = (path: string): string => readFileSync(join(__dirname, '../../..', path), 'utf8');

test.each(Object.entries(documents()))('%s is what `npm run docs` makes', (path, text) => {
  expect(read(path)).toBe(text);
});

test.each(verbs.map(({ name }) => name))('README names %s, and where more stands about it', (name) => {
  const [, page = '', anchor = ''] =
    new RegExp(`^\\| \\[\`${name}\`\\]\\((docs/[a-z]+\\.md)#([a-z-]+)\\) +\\|`, 'm').exec(
      read('README.md'),
    ) ?? [];
  const anchors = [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^a-z -]/g, '')
      .replaceAll(' ', '-'),
  );
  expect(anchors).toContain(anchor);
});
