import { main } from '../cli/main';

// A reader that went away (`check --all | head`) is no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

// Setting the status instead of exiting lets what was written to a pipe arrive.
void main(process.argv.slice(2)).then((status) => {
  process.exitCode = status;
});
