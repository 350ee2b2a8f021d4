/**
 * Checks the import walls. A check that reads nothing passes everything, so this one first proves that it has read every
 * source file on disk.
 *
 *   node scripts/check-walls.ts [--root DIRECTORY]
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { cruise } from "dependency-cruiser";
import type { ICruiseResult } from "dependency-cruiser";
import { KNOWN_PLACES, importWalls } from "./import-walls.ts";
import { RESERVED } from "./reserved-words.ts";

/** The package for agents in TypeScript. */
const SDK = "sdk/typescript/src";

/** Names that say nothing about what is inside; a barrel hides which file is meant. */
const NAMELESS = /(?:^|\/)(?:utils?|helpers?|common|misc|manager|shared|index)(?:\.ts)?(?:\/|$)/;

const { values } = parseArgs({ options: { root: { type: "string", default: "." } } });
const root = resolve(values.root);
const faults: string[] = [];

const files = ["src", "scripts", SDK].flatMap((folder) => sourcesUnder(folder));
const cruised = await cruiseAll();
const read = new Set(cruised.modules.map((module) => module.source));

for (const file of files) {
  if (!read.has(file)) faults.push(`not-read: ${file}\n    dependency-cruiser did not read this file.`);
}
for (const name of readdirSync(join(root, "src"))) {
  if (!KNOWN_PLACES.includes(name)) {
    faults.push(
      `unknown-place: src/${name}\n    scripts/import-walls.ts has no wall around it; add one or put it in a room.`,
    );
  }
}
for (const file of files.filter((path) => NAMELESS.test(path))) {
  faults.push(`nameless: ${file}\n    Name it after what it does. Rooms have no barrel files.`);
}
for (const file of files.filter((path) => path.startsWith("src/"))) {
  const text = readFileSync(join(root, file), "utf8");
  for (const { name, comment, pattern, only } of RESERVED) {
    if (!only.includes(file) && pattern.test(text)) faults.push(`${name}: ${file}\n    ${comment}`);
  }
}
for (const { rule, from, to } of cruised.summary.violations) {
  const why = importWalls.forbidden?.find(({ name }) => name === rule.name)?.comment ?? "";
  faults.push(`${rule.name}: ${from} → ${to}\n    ${why}`);
}

for (const fault of faults) console.error(fault);
console.log(`${files.length} source files read, ${faults.length} import walls broken`);
if (files.length === 0 || faults.length > 0) process.exitCode = 1;

function sourcesUnder(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".d.ts"))
    .map((path) => `${folder}/${path.replaceAll("\\", "/")}`)
    .sort();
}

async function cruiseAll(): Promise<ICruiseResult> {
  const { forbidden = [], options = {} } = importWalls;
  const { output } = await cruise(["src", "scripts", SDK], {
    ...options,
    baseDir: root,
    validate: true,
    ruleSet: { forbidden },
  });
  if (typeof output === "string") throw new Error("dependency-cruiser gave text instead of its result");
  return output;
}
