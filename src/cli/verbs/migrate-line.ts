import type { Form } from '../verb';

/** What a `migrate` looks like: all that has to be known to call its destination. */
export const migrateLine: Omit<Form, 'run'> = {
  name: 'migrate',
  words: '<domain> <destination>',
  options: {},
};
