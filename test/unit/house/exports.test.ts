/** What a file exports, another file uses; and the words on the wire have one form. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { REPOSITORY } from "./planted-tree.ts";

const files = new Map(
  ["src", "scripts", "test", "sdk/typescript/src"]
    .flatMap((folder) =>
      readdirSync(join(REPOSITORY, folder), { recursive: true, encoding: "utf8" }).map(
        (path) => `${folder}/${path}`,
      ),
    )
    .filter((path) => path.endsWith(".ts") && !path.includes("node_modules"))
    .concat("vitest.config.ts")
    .map((path) => [path, readFileSync(join(REPOSITORY, path), "utf8")]),
);

const EXPORTED =
  /^export (?:async )?(?:const|let|function\*?|(?:abstract )?class|interface|type|enum) (\w+)/gm;

/** By word: the files that have it. */
const holders = new Map<string, Set<string>>();
for (const [file, text] of files) {
  for (const [word] of text.matchAll(/\b[A-Za-z_]\w*\b/g)) {
    const among = holders.get(word) ?? new Set();
    holders.set(word, among.add(file));
  }
}

it("is no export where no other file names it, because a reader would look for its users", () => {
  const unused = [...files]
    .filter(([file]) => !file.startsWith("src/client/")) // what programs outside of this tree may use
    .flatMap(([file, text]) =>
      [...text.matchAll(EXPORTED)]
        .filter(([, name = ""]) => (holders.get(name)?.size ?? 0) < 2)
        .map(([, name]) => `${file}: ${name}`),
    );
  expect(unused).toEqual([]);
  expect(files.size).toBeGreaterThan(500);
});

it("names a schema of the contract in lower case, and the type of its values alike with a capital", () => {
  const types = [...files]
    .filter(([file]) => file.startsWith("src/contract/"))
    .flatMap(([file, text]) =>
      [...text.matchAll(/type (\w+) = z\.\w+<typeof (\w+)>/g)].map(([line, type = "", schema = ""]) => ({
        file,
        line,
        type,
        schema,
      })),
    );
  const odd = types.filter(
    ({ line, type, schema }) =>
      !line.includes("z.output<") ||
      schema !== schema[0]?.toLowerCase() + schema.slice(1) ||
      ![schema, `${schema}View`].some((name) => name.toLowerCase() === type.toLowerCase()),
  );
  expect(odd.map(({ file, line }) => `${file}: ${line}`)).toEqual([]);
  expect(types.length).toBeGreaterThan(50);
});
