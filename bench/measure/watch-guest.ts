// Watches a guest in a busy loop until its standard input ends; then prints its observations as JSON. Arguments:
// process, its vCPU's thread, address of QEMU's run state, its value for "running", address of the counter.
import { openSync, readSync } from 'node:fs';

const [pid = 0, thread = 0, runStateAt = 0, running = 0, counterAt = 0] = process.argv.slice(2).map(Number);

const memory = openSync(`/proc/${pid}/mem`, 'r');
const stat = openSync(`/proc/${pid}/task/${thread}/stat`, 'r');
const word = Buffer.alloc(4);
const text = Buffer.alloc(256);

const started = performance.now();
let samples = 0;
let stopped = 0;
let longestGap = 0;
let before = started;
let counted = started;
let counter = number(counterAt);

function number(address: number): number {
  readSync(memory, word, 0, 4, address);
  return word.readUInt32LE(0);
}

function standsStill(): boolean {
  const line = text.toString('latin1', 0, readSync(stat, text, 0, text.length, 0));
  const state = line[line.lastIndexOf(')') + 2];
  return state === 't' || state === 'T' || number(runStateAt) !== running;
}

function sample(): void {
  const still = standsStill();
  const now = performance.now();
  if (still) stopped += now - before;
  before = now;
  const seen = number(counterAt);
  if (seen !== counter) {
    longestGap = Math.max(longestGap, now - counted);
    counted = now;
    counter = seen;
  }
  samples += 1;
}

let ended = false;
process.stdin.on('end', () => (ended = true)).resume();

function watch(): void {
  for (let round = 0; round < 200; round += 1) sample();
  if (!ended) {
    setImmediate(watch);
    return;
  }
  const interval = (performance.now() - started) / samples;
  process.stdout.write(JSON.stringify({ stopped, longestGap, interval }));
}

process.stdout.write('watching\n');
watch();
