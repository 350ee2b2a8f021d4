/** Words that only some source files may contain. An import wall cannot see which function calls which. */

interface Reserved {
  readonly name: string;
  readonly comment: string;
  readonly pattern: RegExp;
  /** The files that may contain the word. */
  readonly only: readonly string[];
}

export const RESERVED: readonly Reserved[] = [
  {
    name: "one-way-out",
    comment:
      "What is released is released by access/release.ts: its record first, then the lease check, then the value. A second place would forget one of them.",
    pattern: /\badmits\b(?=\s*[,(}\]"'])|\bas\s+(?:\w+\s+as\s+)?Released\b/,
    only: ["src/access/release.ts", "src/access/lease-client.ts"],
  },
  {
    name: "admitted-by-the-lease-client",
    comment:
      "The lease client alone knows the leases of this moment; held against others, a stop is not seen.",
    pattern: /import \{[^}]*\badmit\b[^}]*\} from "[^"]*lifecycle\/admission\.ts"/,
    only: ["src/lifecycle/admission.ts", "src/access/lease-client.ts"],
  },
  {
    name: "one-change",
    comment:
      "A change of configuration is named where it gets its idempotency, its records and its answer; a second place would forget one of them.",
    pattern: /\bnext\(\s*["'`]chg["'`]/,
    only: ["src/operations/change/change.ts", "src/operations/change/create.ts"],
  },
];
