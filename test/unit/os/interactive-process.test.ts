import { InteractiveProcess } from '../../../src/os/interactive-process';

/** Longer than any string in this process can be (V8's limit is a little less than 512 MiB). */
const flood = 'head -c 540000000 /dev/zero';

const talks: InteractiveProcess[] = [];
afterEach(() => talks.splice(0).forEach((talk) => talk.end()));

function talk(script: string): InteractiveProcess {
  const begun = new InteractiveProcess(['sh', '-c', script]);
  talks.push(begun);
  return begun;
}

function ask(other: InteractiveProcess, question: string): Promise<unknown> {
  const read = (output: string): string | undefined => /^(.*)\n/.exec(output)?.[1];
  return other.ask(`${question}\n`, read, 60_000);
}

/** Waits until the process has ended. */
async function ended(other: InteractiveProcess): Promise<void> {
  while (!other.hasEnded) await new Promise((resolve) => setImmediate(resolve));
}

test.each([
  ['its output', flood],
  ['its complaints', `${flood} >&2`],
])('a process that sends without end (%s) is not read any more', async (_, script) => {
  const other = talk(`${script}; read word; echo "$word"`);
  await ended(other);
  expect(await ask(other, 'one')).toEqual({ unknown: 'its answer is longer than any answer can be' });
});

test('an endless answer is refused', async () => {
  const other = talk(`read word; ${flood}`);
  expect(await ask(other, 'one')).toEqual({ unknown: 'its answer is longer than any answer can be' });
});

test('its last complaint is the reason for its end, however long it is', async () => {
  const other = talk('head -c 100000 /dev/zero >&2; echo >&2; echo the reason >&2; exit 1');
  await ended(other);
  expect(await ask(other, 'one')).toEqual({ unknown: 'the reason' });
});
