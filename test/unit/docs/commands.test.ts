/** Whatever the documentation tells a reader to type exists: commands and their options, scripts, files. */
import { type Command } from "commander";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { commandTree } from "../cli/command-tree.ts";
import { codeSpans, DOCUMENTS, exists, fences, read } from "./markdown.ts";

const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(read("package.json")));

const root = await commandTree();

/** Lines of shell code, joined where they end in a backslash, and code spans. */
function typed(text: string): string[] {
  const blocks = fences(text).filter(({ language }) => language === "sh");
  const lines = blocks.flatMap(({ code }) => code.replaceAll(/\\\n\s*/g, " ").split("\n"));
  return [...lines, ...codeSpans(text)].map((line) =>
    line.replace(/^(?:npx --no-install |\.\/)(?=dome )/, "").trim(),
  );
}

/** The words of a command line, up to a redirection or a comment; quotes hold together what stands in them. */
const wordsOf = (line: string): string[] =>
  [...(line.split(/ [>#|] /, 1)[0] ?? "").matchAll(/"[^"]*"|\S+/g)].map(([word]) => word);

/** What is wrong with a command line; null when it could be typed. */
function flaw(line: string): string | null {
  const [, ...words] = wordsOf(line);
  let command: Command = root;
  let index = 0;
  for (; index < words.length; index += 1) {
    const next = command.commands.find((each) => each.name() === words[index]);
    if (next === undefined) break;
    command = next;
  }
  const rest = words.slice(index);
  if (command.commands.length > 0 && rest.some((word) => !word.startsWith("-") && word !== "…")) {
    return `${line}: no such command`;
  }
  const known = [...command.options, ...root.options].flatMap(({ long, short }) => [long, short]);
  const unknown = rest.filter((word) => /^--?[a-z]/.test(word) && word !== "--help" && !known.includes(word));
  return unknown.length === 0 ? null : `${line}: no option ${unknown.join(", ")}`;
}

const all = DOCUMENTS.flatMap((page) => typed(read(page)).map((line) => ({ page, line })));

describe("the documentation", () => {
  it("shows commands to type", () => {
    const shown = all.filter(({ page, line }) => page === "README.md" && line.startsWith("dome agents "));
    expect(shown.length).toBeGreaterThan(5);
  });

  it("names only commands and options that the command line has", () => {
    const flaws = all
      .filter(({ line }) => /^dome( |$)/.test(line))
      .map(({ page, line }) => ({ page, flaw: flaw(line) }));
    expect(flaws.filter(({ flaw: found }) => found !== null)).toEqual([]);
  });

  it("names only scripts that package.json has", () => {
    const names = all
      .flatMap(({ line }) => line.split(/ && /))
      .flatMap((line) => {
        const [, run, short] = /^npm (?:run ([\w:-]+)|(start|test)\b)/.exec(line) ?? [];
        return run ?? short ?? [];
      });
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter((name) => !(name in scripts))).toEqual([]);
  });

  it("finds a command that is not there, so that these tests can fail", () => {
    expect(flaw("dome agents dance")).toBe("dome agents dance: no such command");
    expect(flaw("dome agents list --loud")).toBe("dome agents list --loud: no option --loud");
    expect(flaw("dome agents suspend NAME --wait")).toBeNull();
  });

  it("names only files of the repository that are there", () => {
    const files = DOCUMENTS.flatMap((page) => codeSpans(read(page)))
      .filter((code) => /^(?:src|test|docs|migrations|scripts)\/[\w./-]+$/.test(code))
      .map((code) => code.replace(/\/$/, ""));
    expect(files.filter((file) => !exists(file))).toEqual([]);
  });
});
