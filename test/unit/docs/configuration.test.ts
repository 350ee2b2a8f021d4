/** The tables of configuration are what the code reads: nothing is missing, and nothing is made up. */
import { describe, expect, it } from "vitest";
import { EXIT } from "../../../src/cli/exit.ts";
import { bare, codeSpans, read, rowsOf } from "./markdown.ts";

const readme = read("README.md");
const page = read("docs/configuration.md");
const namesIn = (path: string): string[] => [...new Set(read(path).match(/\bDOME_[A-Z_]+\b/g))].toSorted();

describe("the page on configuration", () => {
  it("has every flag of the server, with the variable and the default that its help states", () => {
    const options = read("src/embedded/options.ts");
    const help = [
      ...options.matchAll(/^ {2}(--[a-z-]+)(?: [A-Z]+)? {2,}.*?(?:\((?:([A-Z_]+); )?([^()]*)\))?$/gm),
    ];
    const stated = help.map(([, flag, variable = "", value = ""]) => [flag, variable, value]);
    const rows = rowsOf(page, "flag", "variable", "default");
    const documented = rows.map(([flag, variable, value]) => [bare(flag), bare(variable), bare(value)]);
    expect(stated.length).toBeGreaterThan(5);
    const issuer = ([flag, variable, value = ""]: readonly (string | undefined)[]) => [
      flag,
      variable,
      value.replace(/^fixed at the first start \(DOME_PUBLIC_URL; (.*)$/, "$1"),
    ];
    expect(documented).toEqual(stated.map(issuer));
  });

  it("has every variable of the Worker", () => {
    const [worker = []] = rowsAfter("The Worker takes");
    expect(worker.toSorted()).toEqual(namesIn("src/env.ts"));
  });

  it("has every variable of the command line", () => {
    const [cli = []] = rowsAfter("The command line reads");
    expect(cli.filter((name) => name.startsWith("DOME_")).toSorted()).toEqual(namesIn("src/cli/io.ts"));
    expect(cli.filter((name) => !name.startsWith("DOME_")).toSorted()).toEqual([
      "NO_COLOR",
      "XDG_CONFIG_HOME",
    ]);
  });

  it("states the exit codes of the command line", () => {
    const stated = [...page.matchAll(/`(\d)` (ok|failed|usage|denied|not authenticated|timed out)\b/g)];
    const codes = stated.map(([, code, meaning = ""]) => [
      meaning.replaceAll(/ (\w)/g, (_match, letter: string) => letter.toUpperCase()),
      Number(code),
    ]);
    expect(codes).toEqual(Object.entries(EXIT));
  });

  it("leaves to the README the two commands that are all it takes", () => {
    expect(readme).toContain("npm ci && npm start");
    expect(readme).toContain("npm ci && npm test");
    expect(codeSpans(page)).toContain("/api/v1/openapi.json");
  });
});

/** The names in the first column of the first table behind a sentence. */
function rowsAfter(sentence: string): string[][] {
  const [, rest] = page.split(sentence);
  const [names] =
    rest === undefined ? [] : [rowsOf(rest.split(/\n(?=[A-Z#])/, 1)[0] ?? "", "variable", "meaning")];
  return names === undefined ? [] : [names.map(([name]) => bare(name))];
}
