/** No number in prose that nothing checks: it would be wrong one day, and nobody would notice. */
import { describe, expect, it } from "vitest";
import { MAX_RECORD_BYTES, RECORD_LISTS } from "../../../src/contract/audit.ts";
import { DEFAULT_LIFE_MS, LONGEST_LIFE_MS } from "../../../src/contract/operator.ts";
import { PROBLEMS } from "../../../src/contract/problem-codes.ts";
import { bare, codeSpans, DOCUMENTS, read, rowsOf, withoutFences } from "./markdown.ts";

/** Names and references that have digits in them. */
const NAMES = [
  /\bRFC \d+(?:, RFC \d+)*/g,
  /§[\d.]+(?: to §[\d.]+|, §[\d.]+)*/g,
  /\bP\d{1,2}\b/g,
  /\bD1\b|\bR2\b|\bW3C\b|\bIPv[46]\b/g,
  /\bES256\b|\bRS256\b|\bbase64\b/g,
  /\b2020-12\b|\bdraft 7\b/g,
  /\bMCP \d{4}-\d{2}-\d{2}\b/g,
  /\bOAuth 2\.0\b|\bOpenAPI 3\.1\b|\bApache-2\.0\b/g,
  /^# \d{4}\. /gm,
];

const DAY_MS = 86_400_000;
const constantOf = (path: string, name: string): number =>
  Number(new RegExp(`\\b${name} = ([\\d_]+);`).exec(read(path))?.[1]?.replaceAll("_", ""));

/** What a page says with a number, made from the code's own. */
const FIGURES: Readonly<Record<string, readonly string[]>> = {
  "docs/audit-records.md": [
    `${MAX_RECORD_BYTES.toLocaleString("en-US")} bytes`,
    `${RECORD_LISTS.chain} agents`,
    `${RECORD_LISTS.chain - 1} agents`,
  ],
  "docs/deploy.md": [
    `${constantOf("scripts/cloudflare/resources.ts", "RETENTION_S") / (DAY_MS / 1000)} days`,
  ],
  "docs/operators.md": [
    `${DEFAULT_LIFE_MS / DAY_MS} days`,
    `${LONGEST_LIFE_MS / DAY_MS} days`,
    `${constantOf("src/cli/token-expiry.ts", "WARN_DAYS")} days`,
  ],
};

/** Prose: without code, targets of links, markers of lists, figures from the code, and tables that other tests check. */
function prose(page: string): string {
  const text = withoutFences(read(page))
    .replaceAll(/`[^`\n]+`/g, "")
    .replaceAll(/\[[\w./-]*\.\w+\]\([^)]+\)/g, "") // the name of a file
    .replaceAll(/\]\([^)]+\)/g, "]")
    .replaceAll(/^\d+\. (?=\S)/gm, "");
  const checked = page === "docs/seed.md" || page === "docs/problems.md";
  const kept = checked ? withoutTables(text) : text.replaceAll(NUMBERED_RULE, "");
  const named = NAMES.reduce((rest, name) => rest.replaceAll(name, ""), kept);
  return (FIGURES[page] ?? []).reduce((rest, figure) => rest.replaceAll(figure, ""), named);
}

/** A row of the numbered rules: specifications.test.ts. */
const NUMBERED_RULE = /^\| (?:TX|O|I|R|M|P|RI|AT|J)-\d+ .*$/gm;

const withoutTables = (text: string): string => text.replaceAll(/^(?:\||- ).*$/gm, "");

const STATUSES = new Set<string>(Object.values(PROBLEMS).map(({ status }) => String(status)));
/** Exit codes of the command line, and the defaults of flags: configuration.test.ts. */
const CHECKED: Readonly<Record<string, ReadonlySet<string>>> = {
  "docs/configuration.md": new Set(["0", "1", "2", "3", "4", "5", "8787", "127.0.0.1"]),
  // The oldest Node.js: package.json, and the journey of the command line. The oldest Python: version.test.ts.
  "README.md": new Set(["20", "3.10"]),
};

const found = (page: string, numbers: readonly string[]): string[] =>
  numbers.map((number) => `${page}: ${number}`);

describe("the prose of the documentation", () => {
  it("has no number but in names and checked tables", () => {
    const loose = DOCUMENTS.flatMap((page) => found(page, prose(page).match(/\S*\d\S*/g) ?? []));
    expect(loose).toEqual([]);
  });

  it.each(Object.entries(FIGURES))("states the figures of the code in %s", (page, figures) => {
    expect(figures.filter((figure) => !read(page).includes(figure))).toEqual([]);
  });

  it("has no number as code, but for HTTP statuses and what a test compares", () => {
    const loose = DOCUMENTS.flatMap((page) => {
      const bounds = rowsOf(read(page), "constant", "value").map(([, value]) => bare(value));
      const known = (code: string): boolean =>
        STATUSES.has(code) || bounds.includes(code) || CHECKED[page]?.has(code) === true;
      return found(
        page,
        codeSpans(read(page)).filter((code) => /^\d/.test(code) && !known(code)),
      );
    });
    expect(loose).toEqual([]);
  });
});
