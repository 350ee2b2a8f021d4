/** The reference of the SDKs is made from their docstrings; where one is missing, making it fails. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../../..");
const TYPEDOC = join(ROOT, "test/generators/node_modules/typedoc/bin/typedoc");
const OPTIONS = join(ROOT, "sdk/typescript/typedoc.json");
const folder = mkdtempSync(join(tmpdir(), "dome-reference-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the reference says of a module, with the SDK's own options. */
function documented(source: string) {
  writeFileSync(join(folder, "planted.ts"), source);
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ files: ["planted.ts"] }));
  const options = { extends: [OPTIONS], tsconfig: "tsconfig.json", entryPoints: ["planted.ts"] };
  writeFileSync(join(folder, "typedoc.json"), JSON.stringify({ ...options, intentionallyNotExported: [] }));
  const words = [TYPEDOC, "--options", join(folder, "typedoc.json"), "--emit", "none"];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: "utf8" });
  return { status, said: stdout + stderr };
}

it("takes an export with a docstring, and refuses one without, and a member without", () => {
  const good = documented("/** Ends it. */\nexport function end(): void {}\n");
  expect(good.said).toBe("");
  expect(good.status).toBe(0);
  const bad = documented(
    "export function end(): void {}\n/** Its end. */\nexport interface End { at: number }\n",
  );
  expect(bad.status).not.toBe(0);
  expect(bad.said).toContain("end (CallSignature)");
  expect(bad.said).toContain("End.at (Property)");
}, 120_000);

it("covers whatever the package offers", () => {
  const { exports } = JSON.parse(readFileSync(join(ROOT, "sdk/typescript/package.json"), "utf8")) as {
    exports: Record<string, string | { default: string }>;
  };
  const offered = Object.values(exports).flatMap((each) => (typeof each === "string" ? [] : [each.default]));
  const { entryPoints } = JSON.parse(readFileSync(OPTIONS, "utf8")) as {
    entryPoints: string[];
  };
  const sources = offered.map((path) => path.replace("./dist/", "src/").replace(/\.js$/, ".ts"));
  expect(entryPoints.toSorted()).toEqual(sources.toSorted());
});
