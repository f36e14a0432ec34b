/**
 * Reads a probe's output by monitord's own rules: template_parser.l (the longest match wins, and of two equally long
 * the first rule), template_syntax.y, and _monitor_vm of MonitorDriverProtocol.cc.
 */
type Value = string | ReadonlyMap<string, string>;

export class TemplateError extends Error {}

/** @returns each VM's attributes, by its id */
export function readMonitoring(text: string): ReadonlyMap<number, ReadonlyMap<string, string>> {
  const vms = new Map<number, ReadonlyMap<string, string>>();
  for (const [name, vm] of parseTemplate(text)) {
    if (name !== 'VM' || typeof vm === 'string') continue;
    const id = Number(vm.get('ID') ?? -1);
    if (id < 0) continue;
    const attributes = new Map(vms.get(id));
    const monitor = Buffer.from(vm.get('MONITOR') ?? '', 'base64').toString('latin1');
    for (const [key, value] of parseTemplate(monitor))
      if (typeof value === 'string') attributes.set(key, value);
    vms.set(id, attributes);
  }
  return vms;
}

/** @throws TemplateError if monitord would drop the whole message */
export function parseTemplate(text: string): (readonly [string, Value])[] {
  let rest = text;
  const take = (pattern: RegExp): string | undefined => {
    const found = pattern.exec(rest);
    if (found?.index !== 0) return undefined;
    rest = rest.slice(found[0].length);
    return found[0];
  };
  const need = (pattern: RegExp, what: string): string => {
    const found = take(pattern);
    if (found === undefined)
      throw new TemplateError(`${what} is missing at ${JSON.stringify(rest.slice(0, 40))}`);
    return found;
  };
  const skip = (): void => {
    while (take(/^(?:[ \t]*#.*\n|[ \t\n]+)/) !== undefined);
  };
  const string = (): string => {
    // In flex, `.` is any byte but a newline.
    const [cdata = '', quoted = '', bare = ''] = [
      /^[^\n]*\]\]>[^\n]*/,
      /^"(?:\\"|[^"])*"/,
      /^[^=#\s,[\]]+/,
    ].map((pattern) => longest(pattern, rest));
    if (cdata.length > 0 && cdata.length >= quoted.length && cdata.length >= bare.length) {
      throw new TemplateError('an end of CDATA');
    }
    const isQuoted = quoted.length > 0 && quoted.length >= bare.length;
    const word = isQuoted ? quoted : bare;
    if (word === '') throw new TemplateError(`a value is missing at ${JSON.stringify(rest.slice(0, 40))}`);
    rest = rest.slice(word.length);
    return (isQuoted ? word.slice(1, -1) : word).replaceAll('\\"', '"');
  };
  const all: (readonly [string, Value])[] = [];
  for (skip(); rest !== ''; skip()) {
    const name = need(/^\w+/, 'a variable');
    if (take(/^[ \t]*=[ \t]*\n/) !== undefined) {
      all.push([name, '']);
      continue;
    }
    need(/^[ \t]*=[ \t]*/, 'an equals sign');
    if (take(/^\[[ \t\n]*/) === undefined) {
      all.push([name, string()]);
      continue;
    }
    const vector = new Map<string, string>();
    for (let more = true; more; more = take(/^[ \t\n]*,[ \t\n]*/) !== undefined) {
      const key = need(/^\w+/, 'a variable').toUpperCase();
      need(/^[ \t]*=[ \t]*/, 'an equals sign');
      if (!vector.has(key)) vector.set(key, string());
    }
    need(/^[ \t\n]*\][ \t\n]*/, 'a bracket');
    all.push([name, vector]);
  }
  return all;
}

/** flex takes the longest match; a `\` before the last quote may be part of it. */
function longest(pattern: RegExp, text: string): string {
  return pattern.exec(text)?.[0] ?? '';
}
