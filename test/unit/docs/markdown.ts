/** The pages of the documentation as tests read them: prose, tables, code. No more of Markdown than they use. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const REPOSITORY = join(dirname(fileURLToPath(import.meta.url)), "../../..");

export const read = (path: string): string => readFileSync(join(REPOSITORY, path), "utf8");

export const exists = (path: string): boolean => existsSync(join(REPOSITORY, path));

/** Names in a folder of the repository, sorted. */
export const list = (folder: string): string[] => readdirSync(join(REPOSITORY, folder)).toSorted();

/** Every page under a folder. */
function pagesUnder(folder: string): string[] {
  return readdirSync(join(REPOSITORY, folder), { withFileTypes: true })
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return pagesUnder(path);
      return entry.name.endsWith(".md") ? [path] : [];
    })
    .toSorted();
}

/** The README and everything in docs/. */
export const DOCUMENTS: readonly string[] = ["README.md", ...pagesUnder("docs")];

/** Pages that others own, whose links must resolve all the same. */
export const PAGES: readonly string[] = [
  ...DOCUMENTS,
  "sdk/conformance/README.md",
  "sdk/python/README.md",
  "sdk/python/CHANGELOG.md",
  "sdk/typescript/README.md",
  "sdk/typescript/CHANGELOG.md",
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
];

const FENCE = /^```(\w*)\n([\s\S]*?)^```$/gm;

/** The text without its fenced code. */
export const withoutFences = (text: string): string => text.replaceAll(FENCE, "");

interface Fence {
  readonly language: string;
  readonly code: string;
}

export const fences = (text: string): Fence[] =>
  [...text.matchAll(FENCE)].map(([, language = "", code = ""]) => ({ language, code }));

/** What stands between single backticks, outside of fenced code. */
export const codeSpans = (text: string): string[] =>
  [...withoutFences(text).matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code);

export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const cells = (line: string): string[] =>
  line
    .replace(/^\|/, "")
    .replace(/\|\s*$/, "")
    .split("|")
    .map((cell) => cell.trim());

/** All tables, in order. */
export function tables(text: string): Table[] {
  const blocks = withoutFences(text).matchAll(/(?:^\|.*\|[ \t]*$\n?)+/gm);
  return [...blocks].map(([block]) => {
    const [head = "", , ...rows] = block.trimEnd().split("\n");
    return { head: cells(head), rows: rows.map(cells) };
  });
}

/** The tables whose head begins with these words. */
const tablesOf = (text: string, ...head: readonly string[]): Table[] =>
  tables(text).filter((table) => head.every((word, index) => table.head[index] === word));

/** The rows of all of them. */
export const rowsOf = (text: string, ...head: readonly string[]): (readonly string[])[] =>
  tablesOf(text, ...head).flatMap((table) => table.rows);

/** The text of a cell that is one code span. */
export const bare = (cell: string | undefined): string => (cell ?? "").replaceAll("`", "");

export interface Link {
  readonly text: string;
  readonly target: string;
}

export const links = (text: string): Link[] =>
  [...withoutFences(text).matchAll(/\[([^\]]+)\]\(([^)\s]+)\)/g)].map(([, label = "", target = ""]) => ({
    text: label,
    target,
  }));

/** The anchors of a page's headings, as GitHub makes them. */
export const anchors = (text: string): string[] =>
  [...withoutFences(text).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
