import { accessSync, constants, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hookStates } from '../../../src/opennebula/model/migration-history';
import { parseTemplate } from '../../support/monitord';

const project = join(__dirname, '../../..');

/** The attributes of a state hook that Hook.cc, HookStateVM.cc and onehem-server.rb read. */
const known = [
  'NAME',
  'TYPE',
  'RESOURCE',
  'ON',
  'STATE',
  'LCM_STATE',
  'COMMAND',
  'ARGUMENTS',
  'ARGUMENTS_STDIN',
  'REMOTE',
  'TIMEOUT',
];

test.each(['pre-migrate', 'post-failure'] as const)('oned accepts the template of %s', (name) => {
  const template = new Map(parseTemplate(readFileSync(join(project, `hooks/${name}.tmpl`), 'utf8')));
  expect([...template.keys()].filter((key) => !known.includes(key))).toEqual([]);
  expect(Object.fromEntries(template)).toMatchObject({
    TYPE: 'state',
    RESOURCE: 'VM',
    // Any other word would determine the states by itself (HookStateVM::parse_template).
    ON: 'CUSTOM',
    ARGUMENTS: '$TEMPLATE',
    ARGUMENTS_STDIN: 'yes',
    REMOTE: 'no',
    COMMAND: `migrate-guard/${name}`,
  });
  const [state, lcmState] = hookStates[name].words.match(/[A-Z]+(?=$| and)/g) ?? [];
  expect(Object.fromEntries(template)).toMatchObject({ STATE: state, LCM_STATE: lcmState });
  // Without a leading slash the path is below remotes/hooks of the front-end.
  accessSync(join(project, 'remotes/hooks', `migrate-guard/${name}`), constants.X_OK);
});
