import { completionScript } from '../cli/complete';
import { print } from '../cli/stdout';
import type { Command } from '../cli/command';

export const completionVerb: Command = {
  name: 'completion',
  words: '[bash | zsh]',
  takes: { least: 0, most: 1, each: [['bash', 'zsh']] },
  summary: 'print a script with which a shell completes this command (by default, the shell of $SHELL)',
  options: {},
  isBare: true,
  examples: [['migrate-guard completion zsh >>~/.zshrc', 'for zsh; that of bash is installed']],
  run: async ({ words: [shell] }) => {
    print(`${await completionScript(shell)}\n`);
    return 0;
  },
};
