import { completionScript } from '../cli/complete';
import { print } from '../cli/stdout';
import type { Command } from '../cli/command';

export const completionVerb: Command = {
  name: 'completion',
  words: '[bash | zsh]',
  takes: { least: 0, most: 1, each: [['bash', 'zsh']] },
  summary: 'print the completion script for a shell (default: the shell of $SHELL)',
  options: {},
  isBare: true,
  examples: [['migrate-guard completion zsh >>~/.zshrc', 'for zsh; the one for bash is installed']],
  run: async ({ words: [shell] }) => {
    print(`${await completionScript(shell)}\n`);
    return 0;
  },
};
