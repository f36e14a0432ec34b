import { main } from '../cli/main';

// A reader that went away (`check --all | head`, a `tee` that Ctrl-C ended) or a terminal that hung up is no error of
// ours, and must not end what stands by a migration.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
  });
}

// Setting the status instead of exiting lets what was written to a pipe arrive.
void main(process.argv.slice(2)).then((status) => {
  process.exitCode = status;
});
