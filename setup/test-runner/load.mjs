// Load during tests: bursts of work on one processor, of writing to disk, and of short-lived processes, with pauses
// between them. It never takes more than one processor and 16 MiB, and it ends when its parent ends. Usage: load.mjs
// SEED DIRECTORY, with a channel of node's to its parent
import { spawnSync } from 'node:child_process';
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { randomFrom } from './order.cjs';

const longestBurstMs = 1500;
const longestPauseMs = 1000;
const blockBytes = 2 ** 20;
const blocks = 16;

const [seed, directory] = process.argv.slice(2);
const random = randomFrom(Number(seed));
const file = join(directory, 'written');

function compute(untilMs) {
  let sum = 0;
  while (performance.now() < untilMs) for (let step = 0; step < 1e6; step += 1) sum = (sum + step) % 1009;
}

function write(untilMs) {
  const block = Buffer.alloc(blockBytes, 1);
  const handle = openSync(file, 'w');
  for (let number = 0; performance.now() < untilMs; number = (number + 1) % blocks) {
    writeSync(handle, block, 0, blockBytes, number * blockBytes);
    fsyncSync(handle);
  }
  closeSync(handle);
}

function startProcesses(untilMs) {
  while (performance.now() < untilMs) spawnSync('true');
}

process.on('disconnect', () => process.exit());
for (;;) {
  const kind = [compute, write, startProcesses][Math.floor(random() * 3)];
  kind(performance.now() + random() * longestBurstMs);
  await pause(random() * longestPauseMs);
}
