import { destinationPaths } from '../../../../src/disk-paths/checks/destination-paths';
import { aDomain, aSource, diskPath as path, domainFacts } from '../../../support/factories';

describe('destination', () => {
  const inspect = (type: string | undefined) =>
    destinationPaths.inspect(domainFacts({ destination: { host: 'kvm2', paths: [{ path, type }] } }));
  const base = { check: 'destination', disk: 'vda', path };

  test.each(['block special file', 'regular file', 'regular empty file'])('%s', (type) => {
    expect(inspect(type)).toEqual([{ ...base, state: 'ok', what: `the path leads to a ${type} on kvm2` }]);
  });

  test.each([
    [undefined, 'the path leads to nothing on kvm2'],
    ['directory', 'the path leads to a directory on kvm2, which is not a disk'],
  ])('%s', (type, what) => {
    expect(inspect(type)).toMatchObject([
      {
        ...base,
        state: 'problem',
        what,
        remedy: `make ${path} lead to the disk on kvm2, or migrate to another host`,
      },
    ]);
  });

  test('a medium that libvirt ignores if it is missing; if it exists it must be a disk', () => {
    const domain = aDomain({ sources: [aSource({ dispensable: true })] });
    const ask = (type: string | undefined): object[] => [
      ...destinationPaths.inspect(
        domainFacts({ domain, destination: { host: 'kvm2', paths: [{ path, type }] } }),
      ),
    ];
    const what =
      'the path leads to nothing on kvm2, but libvirt leaves that medium out when the VM migrates (startupPolicy)';
    expect(ask(undefined)).toMatchObject([{ ...base, state: 'ok', note: true, what }]);
    expect(ask('directory')).toMatchObject([{ state: 'problem' }]);
  });

  test('that did not answer', () => {
    const facts = domainFacts({ destination: { host: 'kvm2', paths: { unknown: 'no answer within 10 s' } } });
    expect(destinationPaths.inspect(facts)).toMatchObject([
      {
        check: 'destination',
        state: 'unknown',
        what: 'kvm2 could not be asked: no answer within 10 s',
        remedy: 'try: ssh kvm2 true, as oneadmin',
      },
    ]);
  });

  test('that was not queried', () => {
    expect(destinationPaths.inspect(domainFacts())).toEqual([]);
  });
});
