/**
 * `npm run docs:reference [-- FOLDER]`: the reference of both SDKs as HTML, from their docstrings: FOLDER/typescript and
 * FOLDER/python, by itself in dist/reference. An export without a docstring and a warning of a generator are failures. It
 * is made when it is wanted, and kept nowhere.
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
