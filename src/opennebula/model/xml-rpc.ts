import { child, children, descend, type Element } from '../../core/element';
import { failureOf, type Failure } from '../../core/errors';
import { message, textOf } from '../../messages';

/**
 * The call for the last MONITORING of every VM. `onevm list -x` does not have it: the list is what oned wrote when a
 * VM last changed, while the collectors' values are in a table of their own (VirtualMachinePool.cc, dump_monitoring),
 * for which OpenNebula's command line has no command.
 */
export function encodeLastMonitoring(session: string): string {
  return encodeCall('one.vmpool.monitoring', session, ofAll, lastRecord);
}

/** VMs of all users: Pool::INFO_ALL (oca/ruby/opennebula/pool.rb). */
const ofAll = -2;
const lastRecord = 0;

/** One call of OpenNebula's XML-RPC interface; all that we ask needs only whole numbers. */
function encodeCall(method: string, session: string, ...numbers: readonly number[]): string {
  const values = [
    `<string>${escapeXml(session)}</string>`,
    ...numbers.map((number) => `<int>${number}</int>`),
  ];
  const params = values.map((value) => `<param><value>${value}</value></param>`).join('');
  return `<?xml version="1.0"?><methodCall><methodName>${method}</methodName><params>${params}</params></methodCall>`;
}

/**
 * Reads oned's reply: an array of success, then the text or the error (Request.cc, success_response,
 * failure_response). A reply in any other form is a failure, too.
 */
export function decodeAnswer(root: Element): string | Failure {
  const fault = descend(root, 'fault', 'value', 'struct');
  if (fault) return failureOf('undecided', wordsOf(fault));
  const data = descend(root, 'params', 'param', 'value', 'array', 'data');
  const [isDone, content] = children(data, 'value');
  if (!isDone || !content) return failureOf('undecided', message('oned-not-an-answer'));
  const text = valueOf(content);
  return valueOf(isDone) === '1' ? text : failureOf('undecided', text);
}

function wordsOf(fault: Element): string {
  const member = children(fault, 'member').find((found) => child(found, 'name')?.text === 'faultString');
  const value = child(member ?? fault, 'value');
  return (value && valueOf(value)) || textOf('oned-fault');
}

/** A value without a type is a string (the XML-RPC specification, "Scalar <value>s"). */
function valueOf(value: Element): string {
  return value.children[0]?.text ?? value.text;
}

export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
