import { observeMover } from '../../../src/commands/move-signals';
import type { Domain } from '../../../src/hypervisor/model/domain-xml';

test.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const)(
  '%s while a mover runs makes libvirt end its job, and ends nothing else',
  (signal) => {
    const before = process.listenerCount(signal);
    const abort = jest.fn();
    const observer = observeMover({ name: 'one-310' } as Domain, abort);
    expect(process.listenerCount(signal)).toBe(before + 1);
    const listener = process.listeners(signal).at(-1);
    listener?.(signal);
    expect([abort.mock.calls.length, observer.aborted()]).toEqual([1, true]);
    observer.end();
    expect(process.listenerCount(signal)).toBe(before);
  },
);
