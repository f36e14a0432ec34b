// Without the flag i, for which V8 has to load tables of Unicode.
const uuid = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/;

/** Ordinary names; a running domain with any other name is found by its exact name all the same. */
const ordinaryName = /^[A-Za-z0-9_][A-Za-z0-9_.:@+-]*$/;

export function isUuid(word: string): boolean {
  return uuid.test(word);
}

/** The names of domains that a word can stand for: `310` is OpenNebula's `one-310`. Empty for a word that cannot be a name. */
export function domainNames(word: string): string[] {
  if (/^[0-9]+$/.test(word)) return [`one-${word}`, word];
  return ordinaryName.test(word) ? [word] : [];
}

/** Whether that is the name of a VM that OpenNebula has deployed. */
export function isDeployed(name: string): boolean {
  return /^one-[0-9]+$/.test(name);
}
