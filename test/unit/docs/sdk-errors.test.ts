/** The one catalogue of what an agent's program meets: every class, code and local reason of both SDKs, once. */
import { describe, expect, it } from "vitest";
import * as dome from "../../../sdk/typescript/src/dome.ts";
import { bare, list, read, rowsOf } from "./markdown.ts";

const PAGE = read("docs/sdk-errors.md");
const TYPESCRIPT = "sdk/typescript/src";
const PYTHON = "sdk/python/src/dome";

const typescript = sources(TYPESCRIPT, ".ts");
const python = sources(PYTHON, ".py") + sources(`${PYTHON}/_core`, ".py");

function sources(folder: string, extension: string): string {
  const names = list(folder).filter((name) => name.endsWith(extension));
  return names.map((name) => read(`${folder}/${name}`)).join("\n");
}

const matches = (text: string, pattern: RegExp): string[] => [
  ...new Set([...text.matchAll(pattern)].map(([, found = ""]) => found)),
];

/** What stands in quotes between two words of a source. */
const quotedBetween = (text: string, from: string, to: string): string[] => {
  const part = text.slice(text.indexOf(from) + from.length);
  return matches(part.slice(0, part.indexOf(to)), /"([a-z_]+)"/g);
};

const classes = rowsOf(PAGE, "TypeScript", "Python", "when");
const codes = rowsOf(PAGE, "code", "TypeScript", "Python", "meaning", "what to do");
const column = (rows: readonly (readonly string[])[], at: number): string[] =>
  rows.map((row) => bare(row[at])).filter((cell) => cell !== "");

/** Code and class, as the page has them for a language. */
const givenBy = (at: number): string[] =>
  codes.flatMap((row) => (row[at] === "" ? [] : [`${bare(row[0])} ${bare(row[at])}`])).toSorted();

/** Also of the base itself. */
const isError = (value: unknown): boolean => {
  const prototype: unknown = typeof value === "function" ? value.prototype : null;
  return prototype === dome.DomeError.prototype || prototype instanceof dome.DomeError;
};

describe("the catalogue of the errors of the SDKs", () => {
  it("has each class of the TypeScript SDK once", () => {
    const thrown = Object.entries(dome)
      .filter(([, value]) => isError(value))
      .map(([name]) => name);
    expect(column(classes, 0).toSorted()).toEqual(thrown.toSorted());
  });

  it("has each class of the Python SDK", () => {
    const raised = matches(read(`${PYTHON}/errors.py`), /^class (\w+)\(\w+\):/gm);
    expect([...new Set(column(classes, 1))].toSorted()).toEqual(raised.toSorted());
  });

  it("has each code that the TypeScript SDK gives, with its class", () => {
    const found = matches(typescript, /export class (\w+Error extends [^]*?^})/gm).flatMap((text) =>
      [
        ...matches(text, /super\(\s*"([a-z_]+)"/g),
        ...quotedBetween(text, "code: ", "=").filter(() => text.startsWith("ConfigurationError")),
        ...quotedBetween(typescript, "type ContextFault =", ";").filter(() =>
          text.startsWith("ContextError"),
        ),
      ].map((code) => `${code} ${text.split(" ", 1)[0]}`),
    );
    const bases = matches(typescript, /new DomeError\(\s*"([a-z_]+)"/g).map((code) => `${code} DomeError`);
    expect(givenBy(1)).toEqual([...found, ...bases].toSorted());
  });

  it("has each code that the Python SDK gives, with its class", () => {
    const made = [...python.matchAll(/\b(\w+Error)\(\s*"([a-z_]+)",/g)].map(
      ([, name = "", code = ""]) => `${code} ${name}`,
    );
    const own = matches(read(`${PYTHON}/errors.py`), /^(class \w+\([^]*?)(?=^class |$(?![^]))/gm).flatMap(
      (text) =>
        matches(text, /super\(\).__init__\(\s*"([a-z_]+)"/g).map(
          (code) => `${code} ${/class (\w+)/.exec(text)?.[1] ?? ""}`,
        ),
    );
    expect(givenBy(2)).toEqual([...new Set([...made, ...own])].toSorted());
  });

  it("has each reason for which an SDK denies by itself, the same in both", () => {
    const reasons = rowsOf(PAGE, "reason", "meaning", "what to do").map(([reason]) => bare(reason));
    expect(reasons).toEqual(quotedBetween(typescript, "export type LocalReason =", ";"));
    expect(reasons).toEqual(quotedBetween(python, "LocalReason = Literal[", "]"));
  });

  it("says of each what it means and what to do", () => {
    const said = [...codes, ...rowsOf(PAGE, "reason", "meaning", "what to do")];
    expect(said.length).toBeGreaterThan(20);
    expect(said.filter((row) => row.slice(-2).some((cell) => cell.length < 10))).toEqual([]);
  });
});
