import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseReply, readAnswers } from '../../../src/hypervisor/model/qmp';
import { jobOf } from '../../../src/hypervisor/qmp-client';

describe('QEMU’s answers', () => {
  const reply = (value: unknown): ReturnType<typeof parseReply> => parseReply(JSON.stringify(value));
  const status = reply({ return: { status: 'running', running: true } });

  test('QEMU before 10 does not report active, QEMU 10 does', () => {
    const old = reply({ return: [{ 'node-name': 'n', drv: 'raw' }] });
    expect(readAnswers(status, reply({ return: {} }), old)).toEqual({
      status: 'running',
      migration: undefined,
      inactiveNodes: undefined,
    });
    const recent = reply({
      return: [
        { 'node-name': 'n', active: true },
        { 'node-name': 'm', active: false },
      ],
    });
    expect(readAnswers(status, reply({ return: { status: 'failed' } }), recent)).toMatchObject({
      migration: 'failed',
      inactiveNodes: ['m'],
    });
  });

  test.each([
    ['no disk has done anything', { return: [{ stats: { rd_operations: 0 } }, {}] }, false],
    [
      'a disk has',
      { return: [{ stats: { rd_operations: 0 } }, { stats: { idle_time_ns: 31833771 } }] },
      true,
    ],
    ['it refuses', { error: { class: 'GenericError', desc: 'no' } }, false],
    ['it reports nothing', { return: {} }, false],
  ])('whether a disk has served the guest: %s', (_, statistics, hasServed) => {
    const [migrate, nodes] = [reply({ return: {} }), reply({ return: [] })];
    expect(readAnswers(status, migrate, nodes, reply(statistics))).toMatchObject({ hasServed });
    expect(readAnswers(status, migrate, nodes, { unknown: 'no answer' })).toMatchObject({ hasServed: false });
    expect(readAnswers(status, migrate, nodes)).not.toHaveProperty('hasServed');
  });

  test('an error, or an invalid text, is not an answer', () => {
    const ejected = reply({ error: { class: 'GenericError', desc: 'Block device n is ejected' } });
    expect(readAnswers(status, reply({ return: {} }), ejected)).toMatchObject({
      unknown: expect.stringContaining('ejected') as unknown,
    });
    expect(parseReply('nonsense')).toHaveProperty('unknown');
    expect(parseReply('{}')).toHaveProperty('unknown');
  });

  test('libvirt’s job', () => {
    const directory = mkdtempSync(join(tmpdir(), 'migrate-guard-job-'));
    const jobIn = (status: string): ReturnType<typeof jobOf> => {
      writeFileSync(join(directory, 'one-310.xml'), status);
      return jobOf(directory, 'one-310');
    };
    expect(jobIn("<domstatus><job type='none' async='migration out' phase='perform3'/></domstatus>")).toBe(
      'migration out',
    );
    expect(jobIn("<domstatus><job type='none' async='none'/></domstatus>")).toBeUndefined();
    expect(jobIn('<domstatus')).toMatchObject({
      unknown: "libvirt's status XML is broken: line 1: Unexpected end",
    });
    rmSync(directory, { recursive: true });
  });
});
