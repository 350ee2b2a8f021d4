/** A small tree that looks like this repository, to plant faults in and run the checks of the house on. */
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { z } from "zod";

export const REPOSITORY = resolve(import.meta.dirname, "../../..");

const PROJECTS = ["", ".base", ".worker", ".node", ".test"].map((name) => `tsconfig${name}.json`);
const CONFIGURATION = ["package.json", ".oxlintrc.json", "vitest.config.ts", ...PROJECTS];

const SDK_PROJECT = "sdk/typescript/tsconfig.json";

export interface Run {
  readonly passed: boolean;
  readonly output: string;
}

/** @returns the root of a new tree; the caller removes it. */
export function plantTree(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), "dome-house-"));
  symlinkSync(join(REPOSITORY, "node_modules"), join(root, "node_modules"));
  for (const name of CONFIGURATION) copyFileSync(join(REPOSITORY, name), join(root, name));
  for (const folder of ["src", "scripts", "test", "sdk/typescript/src"])
    mkdirSync(join(root, folder), { recursive: true });
  copyFileSync(join(REPOSITORY, SDK_PROJECT), join(root, SDK_PROJECT));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

export const removeTree = (root: string): void => rmSync(root, { recursive: true, force: true });

/** What `npm run check:walls` does, on that tree. */
export const checkWalls = (root: string): Run => run(REPOSITORY, "check:walls", `--root ${root}`);

/** What `npm run check:lint` does, in that tree, with one fault per line. */
export const checkLint = (root: string): Run => run(root, "check:lint", "--format=unix");

/** Runs a script as package.json spells it, so that a flag lost there is a fault found here. */
function run(cwd: string, name: string, flags: string): Run {
  const { scripts } = z
    .object({ scripts: z.record(z.string(), z.string()) })
    .parse(JSON.parse(readFileSync(join(REPOSITORY, "package.json"), "utf8")));
  const { status, stdout, stderr } = spawnSync(`${scripts[name] ?? "false"} ${flags}`, {
    cwd,
    encoding: "utf8",
    shell: true,
    env: { ...process.env, PATH: `${join(REPOSITORY, "node_modules/.bin")}:${process.env["PATH"] ?? ""}` },
  });
  return { passed: status === 0, output: stdout + stderr };
}
