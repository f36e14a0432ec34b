import { asKeyHolder, virshHere } from '../src/system/virsh-and-ssh';
import { Lab } from '../test/lab/harness';
const [rounds = '4', trace = '', ...programs] = process.argv.slice(2);
async function main() {
  const lab = await Lab.start();
  try {
    let [from, to] = [lab.host('kvm1'), lab.host('kvm2')];
    const domain = await lab.startDomain(310);
    const ways = ['virsh', ...programs];
    const times = new Map(ways.map((w) => [w, [] as number[]]));
    const go = async (way: string, count: boolean, traced = false) => {
      const argv: string[] = way === 'virsh' ? asKeyHolder('oneadmin', virshHere('migrate', '--live', domain.uuid, `qemu+ssh://${to.name}/system`)) as unknown as string[]
        : [process.execPath, way, 'migrate', domain.name, to.name];
      const t = performance.now();
      await from.succeed((traced ? ['strace', '-f', '--seccomp-bpf', '-e', 'trace=execve,exit_group,exit', '-ttt', '-s', '120', '-o', '/tmp/p/trace', ...argv] : argv) as never, { deadline: 60_000 });
      if (count) times.get(way)!.push(performance.now() - t);
      [from, to] = [to, from];
    };
    for (const w of ways) await go(w, false);
    for (let r = 0; r < Number(rounds); r++) for (const w of (r % 2 ? [...ways].reverse() : ways)) { await go(w, true); }
    if (trace) { await go(programs[0]!, false, true); }
    const med = (x: number[]) => [...x].sort((a, b) => a - b)[Math.floor(x.length / 2)]!;
    for (const [w, x] of times) console.log(w, med(x).toFixed(0), 'more', med(x.map((v, i) => v - times.get('virsh')![i]!)).toFixed(0), x.map((v) => v.toFixed(0)).join(' '));
    await domain.on(from).destroy();
  } finally { await lab.stop(); }
}
void main();
