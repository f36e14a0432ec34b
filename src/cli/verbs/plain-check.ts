import { plainCheck } from '../../workflows/plain-check';
import { printReports } from '../print';
import { allDomains, type Form } from '../verb';

/** `check` without what takes long (check.ts): all that the fast way in has to know. */
export const plainCheckForm: Form = {
  name: 'check',
  words: '<domain…|--all>',
  options: { all: allDomains },
  run: (line, settings) => printReports(plainCheck(line.flag('all') ? 'all' : line.words, settings), line),
};
