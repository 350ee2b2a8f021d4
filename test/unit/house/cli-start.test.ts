/**
 * What keeps the command line quick and portable: it loads little as it starts, and uses no word that Node.js 20 lacks.
 */
import { execFileSync, spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, describe, expect, it } from "vitest";
import { REPOSITORY } from "./planted-tree.ts";

const folder = mkdtempSync(join(tmpdir(), "dome-cli-start-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The packages, and the own files of commands, that are loaded before the command line is read. */
async function loadedAtStart(): Promise<{ packages: readonly string[]; commands: readonly string[] }> {
  const { metafile } = await build({
    entryPoints: ["src/cli/main.ts"],
    absWorkingDir: REPOSITORY,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    outdir: folder,
    write: false,
    metafile: true,
  });
  const chunks = new Set<string>();
  const load = (path: string): void => {
    if (chunks.has(path)) return;
    chunks.add(path);
    for (const { path: next, kind } of metafile.outputs[path]?.imports ?? [])
      if (kind === "import-statement" && next in metafile.outputs) load(next);
  };
  load(Object.keys(metafile.outputs).find((path) => path.endsWith("/main.js")) ?? "");
  const loaded = [...chunks].flatMap((path) =>
    Object.entries(metafile.outputs[path]?.inputs ?? {}).flatMap(([input, { bytesInOutput }]) =>
      bytesInOutput > 0 ? [input] : [],
    ),
  );
  const names = loaded.flatMap((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []);
  return {
    packages: [...new Set(names)].toSorted(),
    commands: loaded.filter((path) => path.startsWith("src/cli/commands/")),
  };
}

describe("the command line", () => {
  it("loads the parser and the list of commands as it starts, and nothing else that costs: `--help` is for the impatient", async () => {
    expect(await loadedAtStart()).toEqual({
      packages: ["commander"],
      commands: ["src/cli/commands/commands.ts"],
    });
  });

  it("is checked against the JavaScript of Node.js 20, and the check can fail", () => {
    const settings = readFileSync(join(REPOSITORY, "tsconfig.cli.json"), "utf8");
    expect(readFileSync(join(REPOSITORY, "package.json"), "utf8")).toContain("tsc -p tsconfig.cli.json");
    for (const name of ["tsconfig.base.json", "tsconfig.node.json"])
      copyFileSync(join(REPOSITORY, name), join(folder, name));
    symlinkSync(join(REPOSITORY, "node_modules"), join(folder, "node_modules"));
    const planted = { "groups.ts": "Map.groupBy([1], String);", "steps.ts": "[1].values().map(String);" };
    for (const [name, text] of Object.entries(planted))
      writeFileSync(join(folder, name), `${text}\nexport {};\n`);
    const own = settings
      .replace("src/cli/main.ts", 'groups.ts", "steps.ts')
      .replace(/"tsBuildInfoFile": .*/, '"incremental": false,');
    writeFileSync(join(folder, "tsconfig.cli.json"), own);
    const tsc = join(REPOSITORY, "node_modules/.bin/tsc");
    const { status, stdout } = spawnSync(tsc, ["-p", "tsconfig.cli.json"], { cwd: folder, encoding: "utf8" });
    expect(status).not.toBe(0);
    expect(stdout).toContain("Property 'groupBy' does not exist");
    expect(stdout).toMatch(/steps\.ts.*Property 'map' does not exist/);
  });
});

describe("./dome", () => {
  const shim = join(REPOSITORY, "dome");

  it("is the command line of the checkout, from every folder and through a link", () => {
    const link = join(folder, "link");
    symlinkSync(shim, link);
    for (const program of [shim, link])
      expect(execFileSync(program, ["--version"], { cwd: tmpdir(), encoding: "utf8" })).toMatch(
        /^\d+\.\d+\.\d+/,
      );
  });

  it("says what to do in a checkout that is not built", () => {
    copyFileSync(shim, join(folder, "dome"));
    const { status, stderr } = spawnSync(join(folder, "dome"), [], { encoding: "utf8" });
    expect(status).toBe(1);
    expect(stderr).toBe(`dome: not built yet; run npm ci in ${folder}\n`);
    expect(existsSync(join(folder, "dist"))).toBe(false);
  });
});
