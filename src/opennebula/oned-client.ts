import { readFile } from 'node:fs/promises';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { errorName } from '../core/error-name';
import { isUnknown, type Unknown } from '../core/unknown';
import { textOf } from '../messages';
import { findAccount } from '../os/passwd';
import { runCommand } from '../os/run-command';
import { asOtherUser } from '../os/isolated';

/** Deadline in milliseconds. oned answers at once, or is busy with its database. */
const deadlineMs = 60_000;
/** Deadline in milliseconds, for a file of a few bytes. */
const readDeadlineMs = 5_000;
/** Bytes. A thousand VMs take one or two megabytes. */
const maxAnswerBytes = 256 * 1024 * 1024;
/** The address on which oned listens, and the credentials. */
interface Endpoint {
  readonly url: URL;
  readonly session: string;
}

/** Calls oned itself, as `user`, and returns its reply to the call that `encode` makes for that user's session. */
export async function askOned(
  user: string,
  encode: (session: string) => string,
): Promise<{ readonly answer: string; readonly from: string } | Unknown> {
  const endpoint = await findEndpoint(user);
  if (isUnknown(endpoint)) return endpoint;
  const { url, session } = endpoint;
  const answer = await post(url, encode(session));
  return typeof answer === 'string'
    ? { answer, from: url.href }
    : { unknown: textOf('oned-failed', { address: url.href, why: answer.unknown }) };
}

/**
 * Finds both as OpenNebula's own client does (oca/ruby/opennebula/client.rb): in the environment, then in the user's
 * files.
 */
async function findEndpoint(user: string): Promise<Endpoint | Unknown> {
  const isRoot = process.geteuid?.() === 0;
  const { ONE_AUTH, ONE_XMLRPC } = process.env;
  const account = isRoot ? findAccount(user) : undefined;
  if (isRoot && !account) return { unknown: textOf('onecli-no-user', { user }) };
  const homes = [account?.home ?? userInfo().homedir, '/var/lib/one'];
  const filesOf = (name: string): string[] => homes.map((home) => join(home, '.one', name));
  // The files belong to that user: root reads them with that user's rights, so that no link leads it elsewhere.
  const read = (files: readonly string[]): Promise<string | undefined> =>
    readFirst(files, account ? (file) => readAs(user, file) : (file) => readFile(file, 'utf8'));
  const session = await read([...(ONE_AUTH ? [ONE_AUTH] : []), ...filesOf('one_auth')]);
  if (session === undefined)
    return { unknown: textOf('oned-credentials', { user, files: filesOf('one_auth').join(', ') }) };
  const written = ONE_XMLRPC || (await read(filesOf('one_endpoint'))) || 'http://localhost:2633/RPC2';
  const url = URL.canParse(written) ? new URL(written) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol))
    return { unknown: textOf('oned-address', { address: JSON.stringify(written) }) };
  return { url, session };
}

/** @throws when that user cannot read it. */
async function readAs(user: string, file: string): Promise<string> {
  const { exit, stdout, stderr } = await runCommand(asOtherUser(user, ['cat', '--', file]), {
    deadline: readDeadlineMs,
    cwd: '/',
  });
  if (exit !== 0) throw new Error(stderr);
  return stdout;
}

async function readFirst(
  files: readonly string[],
  read: (file: string) => Promise<string>,
): Promise<string | undefined> {
  for (const file of files) {
    try {
      return (await read(file)).trim();
    } catch {
      // Try the next candidate.
    }
  }
  return undefined;
}

function post(url: URL, body: string): Promise<string | Unknown> {
  const send = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve) => {
    const failed = (why: string): void => resolve({ unknown: why });
    const headers = { 'Content-Type': 'text/xml', 'Content-Length': Buffer.byteLength(body) };
    const request = send(
      url,
      { method: 'POST', headers, signal: AbortSignal.timeout(deadlineMs) },
      (answer) => {
        const parts: Buffer[] = [];
        let size = 0;
        answer.on('data', (part: Buffer) => {
          size += part.length;
          if (size > maxAnswerBytes) answer.destroy(new Error(textOf('oned-too-long')));
          else parts.push(part);
        });
        answer.on('error', (error) => failed(wordsOf(error)));
        answer.on('end', () => {
          if (answer.statusCode === 200) resolve(Buffer.concat(parts).toString('utf8'));
          else
            failed(
              textOf('oned-status', {
                status: `${answer.statusCode ?? ''} ${answer.statusMessage ?? ''}`.trim(),
              }),
            );
        });
      },
    );
    request.on('error', (error) => failed(wordsOf(error)));
    request.end(body);
  });
}

function wordsOf(error: Error): string {
  if (error.name === 'TimeoutError' || error.name === 'AbortError')
    return textOf('no-answer-within', { seconds: deadlineMs / 1000 });
  return errorName(error);
}
