/**
 * `npm run docs:reference [-- FOLDER]`: writes the reference of both SDKs as HTML, from their docstrings, to
 * FOLDER/typescript and FOLDER/python; the default folder is dist/reference. It fails for an export without a docstring,
 * and for a warning of a generator. The result is not kept in the repository.
 */
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";

const ROOT = join(import.meta.dirname, "..");
const target = resolve(process.argv[2] ?? join(ROOT, "dist/reference"));

const GENERATORS: readonly (readonly [program: string, ...words: string[]])[] = [
  [
    process.execPath,
    join(ROOT, "test/generators/node_modules/typedoc/bin/typedoc"),
    "--options",
    join(ROOT, "sdk/typescript/typedoc.json"),
    "--out",
    join(target, "typescript"),
  ],
  [join(ROOT, "sdk/python/reference"), join(target, "python")],
];

const failed = GENERATORS.filter(
  ([program, ...words]) => spawnSync(program, words, { stdio: "inherit" }).status !== 0,
);
if (failed.length > 0) process.exitCode = 1;
else process.stdout.write(`${join(target, "typescript/index.html")}\n${join(target, "python/index.html")}\n`);
