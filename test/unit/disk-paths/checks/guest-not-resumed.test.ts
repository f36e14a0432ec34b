import { checks, checksWithoutInspection } from '../../../../src/disk-paths/checks';
import { guestNotResumed } from '../../../../src/disk-paths/checks/guest-not-resumed';
import { aDomain, domainFacts } from '../../../support/factories';

describe('an arrived guest that does not run', () => {
  const waiting = { cameOver: true, hasRun: false };

  test.each(['paused', 'crashed', 'pmsuspended'])('%s: may wait for its resume', (state) => {
    const facts = domainFacts({ domain: aDomain({ state }), origin: waiting });
    expect(guestNotResumed.inspect(facts)).toMatchObject([
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
    expect(guestNotResumed.inspect(domainFacts({ domain: aDomain({ state }), origin: came }))).toEqual([]);
  });
});

test('a check that also inspects the block state does not need it', () => {
  expect(checks).not.toContain(guestNotResumed);
  expect(checksWithoutInspection).toEqual([...checks, guestNotResumed]);
});
