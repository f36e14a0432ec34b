import type { Element } from '../core/element';
import { escapeXml } from '../opennebula/model/xml-rpc';
import type { HookTest } from './hook-test';
import { printable } from '../cli/escape';

/** The hook's input and its result, in the order of the hook manager. `vm`: the event. */
export function renderHookTest(test: HookTest, vm: Element): string {
  const { argv, user, directory, environment, stdout, stderr, exit } = test;
  const variables = Object.entries(environment).map(([name, value]) => `  ${name}=${value}`);
  return [
    `command:     ${printable(argv.join(' '))}`,
    `as:          ${user}, in ${directory}`,
    'environment:',
    ...variables.map(printable),
    `stdin:       the VM in Base64, ${test.stdin.length} characters; decoded:`,
    ...xmlLines(vm, '  '),
    'stdout:',
    ...block(stdout),
    'stderr:',
    ...block(stderr),
    `exit status: ${exit}`,
    '',
  ].join('\n');
}

function block(text: string): string[] {
  if (text === '') return ['  (nothing)'];
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `  ${printable(line)}`);
}

function xmlLines({ name, text, children }: Element, indent: string): string[] {
  const opening = `${indent}<${printable(name)}>`;
  if (children.length === 0) return [`${opening}${printable(escapeXml(text))}</${printable(name)}>`];
  const inner = children.flatMap((child) => xmlLines(child, `${indent}  `));
  return [opening, ...inner, `${indent}</${printable(name)}>`];
}
