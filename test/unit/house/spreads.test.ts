/** Arguments of a call stand on the stack, which has an end: a list whose length a sender chooses is no arguments. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { REPOSITORY } from "../docs/markdown.ts";

const SPREAD_CALL =
  /\b(?:push|unshift|splice|fromCharCode|fromCodePoint|concat)\((?:[^()[\]{}]*, *)?\.\.\.(?!parts\b)\(?\w/;
/** Lists that the code itself makes, of a few items or of a size that it chooses. */
const SHORT: readonly string[] = [
  "registry/multipart.ts: chunks.push(String.fromCharCode(...bytes.subarray(at, at + CHUNK)));",
  "objects/ledger-query.ts: values.push(...bound);",
  "cli/in-parallel.ts: results.push(...(await Promise.all(items.slice(from, from + AT_ONCE).map(run))));",
];

const spreadsIn = (path: string, text: string): string[] =>
  text.split("\n").flatMap((line) => (SPREAD_CALL.test(line) ? [`${path}: ${line.trim()}`] : []));

it("no list of a sender's length is spread into a call", () => {
  const root = join(REPOSITORY, "src");
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".ts"),
  );
  expect(files.length).toBeGreaterThan(100);
  const found = files.flatMap((path) => spreadsIn(path, readFileSync(join(root, path), "utf8")));
  expect(found.filter((line) => !SHORT.includes(line))).toEqual([]);
});

it("finds one, so that this test can fail", () => {
  expect(spreadsIn("a.ts", "  open.push(...children);")).toEqual(["a.ts: open.push(...children);"]);
  expect(spreadsIn("a.ts", "  all.push(...(found as unknown[]));")).toHaveLength(1);
  expect(spreadsIn("a.ts", "btoa(String.fromCharCode(...bytes))")).toHaveLength(1);
});
