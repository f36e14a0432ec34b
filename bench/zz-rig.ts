import { writeFileSync } from 'node:fs';
import { Host, type Volume } from '/work/main/test/lab/harness';
import { startRealDomains } from '/work/main/bench/stage/real-domains';
import { Crowd } from '/work/main/bench/stage/crowd';
async function main() {
  const volumes: Volume[] = [];
  const host = await Host.start({ name: 'kvm1' });
  try {
    const [d] = await startRealDomains(host, 1, volumes);
    const crowd = await Crowd.start(host, d!, 300);
    crowd.show(300);
    writeFileSync('/tmp/p/pid', String(host.pid));
    await new Promise((r) => { process.on('SIGTERM', r); setInterval(() => {}, 1e6).unref(); const t=setInterval(()=>{},1000); process.on('SIGTERM',()=>clearInterval(t)); });
    await crowd.end();
  } finally { await host.stop(); for (const v of volumes) v.release(); }
}
void main();
