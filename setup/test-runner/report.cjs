// The result of a run of jest: its sums, and which tests failed, each with the command that runs it alone. Pure: from
// jest's JSON (https://jestjs.io/docs/configuration#testresultsprocessor-string) to text.
const { relative } = require('node:path');

/** The maximum number of lines that a tier prints about its failures; the first line contains their number. */
const maxLines = 10;

const nothing = { passed: 0, failed: 0, skipped: 0 };

function add(one, other) {
  return {
    passed: one.passed + other.passed,
    failed: one.failed + other.failed,
    skipped: one.skipped + other.skipped,
  };
}

/** The exit status of a whole run. `gates`: whether any of its tests makes it fail. */
function exitStatusOf(total, gates) {
  return total.failed > 0 || (gates && total.passed === 0) ? 1 : 0;
}

/** `status`: jest's exit status. */
function sumsOf(result, status) {
  // If a file cannot be loaded, its tests did not run.
  const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
  return {
    passed: result.numPassedTests,
    // A failing hook after the last test fails the run without failing a test.
    failed: failed === 0 && status !== 0 ? 1 : failed,
    skipped: result.numPendingTests + result.numTodoTests,
  };
}

/** The tests that failed: `file` below `root`, and `name`, which is missing if the file as a whole failed. */
function failuresOf(result, root) {
  return result.testResults
    .filter(({ status }) => status === 'failed')
    .flatMap(({ name: path, assertionResults }) => {
      const file = relative(root, path);
      const failed = assertionResults.filter(({ status }) => status === 'failed');
      return failed.length === 0 ? [{ file }] : failed.map(({ fullName: name }) => ({ file, name }));
    });
}

function summary(sums) {
  return `${sums.passed} passed, ${sums.failed} failed, ${sums.skipped} skipped`;
}

/** The command that runs one failed test alone; all tests of its file, if its name cannot be typed. */
function commandFor({ tier, node, all = false, file, name }) {
  const words = [
    '--tier',
    tier,
    ...(all ? ['--all'] : []),
    ...(node === undefined ? [] : ['--node', node]),
    quote(file),
  ];
  // eslint-disable-next-line no-control-regex
  if (name !== undefined && !/[\x00-\x1f\x7f]/.test(name)) words.push(`--only=${quote(name)}`);
  return `npm test -- ${words.join(' ')}`;
}

/** Quotes one word for a POSIX shell. */
function quote(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * The text that a tier prints at its end if tests failed. `label` names the tier, and Node if it is not the machine's
 * own.
 */
function failureLines(label, failures) {
  const shown = failures.length < maxLines ? failures : failures.slice(0, maxLines - 2);
  const rest = failures.length - shown.length;
  return [
    `${label}: ${failures.length} failed. To run one alone:`,
    ...shown.map((failure) => `  ${commandFor(failure)}`),
    ...(rest > 0 ? [`  … and ${rest} more, see above`] : []),
  ];
}

/** A pattern for jest's --testNamePattern that matches only this test. */
function onlyPattern(name) {
  return `^${name.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}$`;
}

module.exports = {
  nothing,
  add,
  exitStatusOf,
  sumsOf,
  failuresOf,
  summary,
  commandFor,
  failureLines,
  onlyPattern,
  quote,
};
