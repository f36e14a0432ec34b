import { checkLayout, parseLayout } from '../../../src/block-state/model/memory-layout';
import { layout } from '../../support/block-state-factories';

test('a layout is the same after it is written and read, and everything else is refused', () => {
  expect(parseLayout(JSON.stringify(layout))).toEqual(layout);
  for (const broken of [
    null,
    [],
    'x',
    { ...layout, version: 2 },
    { ...layout, runStates: ['running'] },
    { ...layout, symbols: [] },
  ]) {
    expect(checkLayout(broken)).toHaveProperty('unknown');
  }
});
