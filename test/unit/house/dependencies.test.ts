/** What is installed: exact versions, one runtime, licences that Dome can stand on. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { REPOSITORY } from "./planted-tree.ts";

const Manifest = z.object({
  dependencies: z.record(z.string(), z.string()),
  devDependencies: z.record(z.string(), z.string()),
  allowScripts: z.record(z.string(), z.boolean()),
  workspaces: z.array(z.string()),
});
const Workspace = z.strictObject({
  name: z.string(),
  version: z.literal("0.0.0"),
  private: z.literal(true),
  description: z.string(),
  license: z.literal("Apache-2.0"),
  type: z.literal("module"),
  devDependencies: z.record(z.string(), z.string()),
});
/** What others install: a package of its own, whose only packages are those its tests are made with. */
const Published = z.strictObject({
  ...Workspace.omit({ private: true }).shape,
  version: z.string(),
  sideEffects: z.literal(false),
  engines: z.strictObject({ node: z.literal(">=20") }),
  files: z.tuple([z.literal("dist"), z.literal("README.md"), z.literal("CHANGELOG.md")]),
  exports: z.record(z.string(), z.unknown()),
  scripts: z.record(z.string(), z.string()),
  peerDependencies: z.record(z.string(), z.string()),
  peerDependenciesMeta: z.record(z.string(), z.strictObject({ optional: z.literal(true) })),
});
const PUBLISHED = ["sdk/typescript"];
const Package = z.object({
  version: z.string().optional(),
  integrity: z.string().optional(),
  hasInstallScript: z.boolean().optional(),
  license: z.string().optional(),
  link: z.boolean().optional(),
});
const Lock = z.object({ packages: z.record(z.string(), Package) });

const manifest = Manifest.parse(read("package.json"));
const lock = Lock.parse(read("package-lock.json"));
const installed = Object.entries(lock.packages).filter(
  // The project itself and its workspaces are no packages of others.
  ([path, { link }]) => path.includes("node_modules/") && link !== true,
);

function read(name: string): unknown {
  return JSON.parse(readFileSync(join(REPOSITORY, name), "utf8"));
}

const nameOf = (path: string): string =>
  path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);

describe("the dependencies", () => {
  it("are pinned to exact versions, so that two installations are the same", () => {
    const workspaces = manifest.workspaces.map((folder) =>
      (PUBLISHED.includes(folder) ? Published : Workspace).parse(read(`${folder}/package.json`)),
    );
    const versions = [manifest, ...workspaces].flatMap((each) => [
      ...Object.entries("dependencies" in each ? each.dependencies : {}),
      ...Object.entries(each.devDependencies),
    ]);
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version))).toEqual([]);
  });

  it("are all in the lock file with version and digest, for every platform", () => {
    const incomplete = installed.filter(
      ([, entry]) => entry.version === undefined || entry.integrity === undefined,
    );
    expect(incomplete.map(([path]) => path)).toEqual([]);
  });

  it("contain one copy of workerd, because tests, development and the embedded server must run the same runtime", () => {
    for (const name of ["workerd", "miniflare", "wrangler"]) {
      const copies = installed.map(([path]) => path).filter((path) => nameOf(path) === name);
      expect(copies).toEqual([`node_modules/${name}`]);
    }
    const platforms = installed.filter(([path]) => nameOf(path).startsWith("@cloudflare/workerd-"));
    expect(new Set(platforms.map(([, { version }]) => version))).toEqual(
      new Set([lock.packages["node_modules/workerd"]?.version]),
    );
  });

  it("keep the compiler of the project, whatever a workspace needs beside it", () => {
    expect(lock.packages["node_modules/typescript"]?.version).toBe(manifest.devDependencies["typescript"]);
  });

  it("run install scripts only where package.json allows it, and nothing is allowed that has none", () => {
    const scripted = installed.filter(([, { hasInstallScript }]) => hasInstallScript === true);
    const optional = new Set(["fsevents"]); // macOS alone, works without its script
    const names = new Set(scripted.map(([path]) => nameOf(path)).filter((name) => !optional.has(name)));
    expect([...names].sort()).toEqual(Object.keys(manifest.allowScripts).sort());
  });
});

describe("the licence check", () => {
  const folder = mkdtempSync(join(tmpdir(), "dome-licences-"));

  afterAll(() => rmSync(folder, { recursive: true }));

  function check(packages: Readonly<Record<string, object>>): { status: number | null; output: string } {
    const file = join(folder, "lock.json");
    writeFileSync(file, JSON.stringify({ packages }));
    const script = join(REPOSITORY, "scripts/check-licences.ts");
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, "--lock", file], {
      encoding: "utf8",
    });
    return { status, output: stderr + stdout };
  }

  it("passes what is permissive, or has a permissive alternative", () => {
    expect(
      check({
        "node_modules/a": { license: "MIT" },
        "node_modules/b": { license: "(GPL-3.0-only OR Apache-2.0)" },
        "node_modules/c": { license: "MIT AND CC-BY-3.0", dev: true },
      }),
    ).toEqual({ status: 0, output: "3 packages read, 0 licences refused\n" });
  });

  it.each([
    ["a copyleft licence", { license: "AGPL-3.0-only" }],
    ["a package without a licence", {}],
    ["an expression with one part that is not allowed", { license: "MIT AND GPL-2.0-only" }],
    ["a licence that is allowed only for what builds and tests", { license: "MPL-2.0" }],
    ["an expression it cannot read", { license: "MIT AND (ISC OR GPL-2.0-only)" }],
  ])("refuses %s", (_what, entry) => {
    const { status, output } = check({ "node_modules/@scope/planted": entry });
    expect(status).toBe(1);
    expect(output).toContain("@scope/planted: ");
  });

  it("refuses a lock file in which it reads no package, because it would pass anything", () => {
    expect(check({ "": {} }).status).toBe(1);
  });
});
