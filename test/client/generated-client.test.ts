/** The OpenAPI document as users have it: a client is generated from what the server serves, compiled, and used. */
import { spawnSync } from "node:child_process";
import { copyFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { endEverything, startServer, temporaryFolder, type RunningServer } from "../support/server.ts";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** A package of its own, because the generator wants another TypeScript. */
const PACKAGE = join(ROOT, "test/generators");
const GENERATOR = join(PACKAGE, "node_modules/openapi-typescript/bin/cli.js");
const COMPILER = join(PACKAGE, "node_modules/typescript/bin/tsc");

/** As a user's strict project has it. */
const TSCONFIG = {
  compilerOptions: {
    target: "es2024",
    lib: ["es2024", "dom"],
    types: ["node"],
    module: "nodenext",
    strict: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    exactOptionalPropertyTypes: true,
  },
  files: ["journey.ts"],
};

let server: RunningServer;
let folder: string;

beforeAll(async () => {
  server = await startServer();
  folder = temporaryFolder();
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  copyFileSync(join(PACKAGE, "journey.ts"), join(folder, "journey.ts"));
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(TSCONFIG));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  const document = await fetch(`${server.url}/api/v1/openapi.json`);
  writeFileSync(join(folder, "openapi.json"), await document.text());
}, 60_000);

afterAll(endEverything);

/** Runs a program and gives what it printed. @throws with everything that it said when it fails. */
function run(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
  if (status !== 0) throw new Error(`${args.join(" ")}\n${stdout}${stderr}`);
  return stdout;
}

describe("a client generated from the OpenAPI document", () => {
  it("compiles, registers with a name alone, acts, and hears of the stop", () => {
    // With the default, a member that has a default in the service would have to be sent.
    run(GENERATOR, "openapi.json", "--output", "api.d.ts", "--default-non-nullable=false");
    run(COMPILER, "--project", ".");
    expect(JSON.parse(run("journey.ts", server.url, server.adminToken))).toEqual({
      named: "only-a-name",
      described: "asks before it acts",
      decision: "allow",
      state: "suspended",
      effective_in_ms: 0,
      afterwards: "invalid_token",
    });
  }, 120_000);
});
