import { checks, checksWithoutInspection } from '../../../src/checks';
import { arrival } from '../../../src/checks/paused-arrival';
import { aDomain, domainFacts } from '../factories';

describe('a guest that came over and does not run', () => {
  const waiting = { cameOver: true, hasRun: false };

  test.each(['paused', 'crashed', 'pmsuspended'])('%s: may wait for its resume', (state) => {
    const facts = domainFacts({ domain: aDomain({ state }), arrival: waiting });
    expect(arrival.inspect(facts)).toMatchObject([
      {
        check: 'block-state',
        state: 'unknown',
        remedy: expect.stringMatching(/virsh resume one-310$/) as unknown,
      },
    ]);
  });

  test.each([
    ['runs', 'running', waiting],
    ['started here', 'paused', { cameOver: false, hasRun: false }],
    ['has run here', 'paused', { cameOver: true, hasRun: true }],
  ])('one that %s does not', (_, state, came) => {
    expect(arrival.inspect(domainFacts({ domain: aDomain({ state }), arrival: came }))).toEqual([]);
  });
});

test('who inspects the block state besides does not ask it', () => {
  expect(checks).not.toContain(arrival);
  expect(checksWithoutInspection).toEqual([...checks, arrival]);
});
