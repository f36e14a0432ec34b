/** The progress of a job of libvirt. */
export interface JobProgress {
  /** 0 to 100, of the data that are known now; a busy guest adds to them. */
  readonly percent: number;
  /** As libvirt prints it: `112.3 MiB/s`; missing before it is known. */
  readonly rate?: string;
}

const units: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** Reads what `virsh domjobinfo` prints; `undefined` when there is no job. */
export function parseJobInfo(text: string): JobProgress | undefined {
  const field = (name: string): string | undefined =>
    new RegExp(`^${name}:\\s+(.+)$`, 'm').exec(text)?.[1]?.trim();
  const bytes = (name: string): number => {
    const [amount = 'NaN', unit = ''] = field(name)?.split(/\s+/) ?? [];
    return Number(amount) * (units[unit] ?? NaN);
  };
  const percent = Math.floor((100 * bytes('Data processed')) / bytes('Data total'));
  if (!Number.isFinite(percent) || percent < 0) return undefined;
  const rate = field('Memory bandwidth');
  return { percent: Math.min(100, percent), ...(rate === undefined ? {} : { rate }) };
}
