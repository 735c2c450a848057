/** What the tags of a Sigma rule say in terms of MITRE ATT&CK. */
export interface AttackTags {
  readonly tactics: readonly { readonly id: string; readonly name: string }[];
  /** `T1098`. */
  readonly techniques: readonly string[];
  /** `T1098.001`. */
  readonly subtechniques: readonly string[];
}

/* Tactics of the enterprise matrix (attack.mitre.org/tactics/enterprise). */
const TACTICS: Readonly<Record<string, readonly [id: string, name: string]>> = {
  reconnaissance: ['TA0043', 'Reconnaissance'],
  'resource-development': ['TA0042', 'Resource Development'],
  'initial-access': ['TA0001', 'Initial Access'],
  execution: ['TA0002', 'Execution'],
  persistence: ['TA0003', 'Persistence'],
  'privilege-escalation': ['TA0004', 'Privilege Escalation'],
  'defense-evasion': ['TA0005', 'Defense Evasion'],
  'credential-access': ['TA0006', 'Credential Access'],
  discovery: ['TA0007', 'Discovery'],
  'lateral-movement': ['TA0008', 'Lateral Movement'],
  collection: ['TA0009', 'Collection'],
  exfiltration: ['TA0010', 'Exfiltration'],
  'command-and-control': ['TA0011', 'Command and Control'],
  impact: ['TA0040', 'Impact'],
};

/** Reads tags such as `attack.credential-access` and `attack.t1110.001`; others are not about ATT&CK. */
export const attackTags = (tags: readonly string[]): AttackTags => {
  const words = tags
    .map((tag) => /^attack\.(.+)$/i.exec(tag)?.[1]?.toLowerCase().replaceAll('_', '-'))
    .filter((word) => word !== undefined);
  const tactics = words
    .filter((word) => Object.hasOwn(TACTICS, word))
    .map((word) => TACTICS[word] ?? ['', ''])
    .map(([id, name]) => ({ id, name }));
  const numbers = words.filter((word) => /^t\d{4}(\.\d{3})?$/.test(word)).map((word) => word.toUpperCase());
  return {
    tactics,
    techniques: [...new Set(numbers.map((number) => number.slice(0, 5)))],
    subtechniques: [...new Set(numbers.filter((number) => number.includes('.')))],
  };
};
