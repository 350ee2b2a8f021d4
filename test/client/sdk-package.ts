/** The package for agents as it is published: packed, and installed into an empty folder without a network. */
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "../support/server.ts";

const SDK = join(ROOT, "sdk/typescript");
const run = promisify(execFile);

/** The oldest Node.js that it runs on; test/node20 installs it. */
export const NODE_20 = join(ROOT, "test/node20/node_modules/node/bin/node");

/** @returns the files of the package. @param folder an empty one, in which the package is then installed. */
export async function installPacked(folder: string): Promise<readonly string[]> {
  const env = { ...process.env, npm_config_update_notifier: "false" };
  const packed = await run("npm", ["pack", "--json", "--pack-destination", folder], { cwd: SDK, env });
  const printed: unknown = JSON.parse(packed.stdout.slice(packed.stdout.search(/^[[{]$/m)));
  const [artefact] = (Array.isArray(printed) ? printed : Object.values(printed as object)) as {
    filename: string;
    files: { path: string }[];
  }[];
  if (artefact === undefined) throw new Error("npm packed nothing");
  writeFileSync(
    join(folder, "package.json"),
    JSON.stringify({ name: "empty", private: true, type: "module" }),
  );
  const install = ["install", "--offline", "--no-audit", "--no-fund", join(folder, artefact.filename)];
  await run("npm", install, { cwd: folder, env });
  return artefact.files.map(({ path }) => path);
}

/** The first example of the README, in that folder. @returns what it prints. */
export async function runExample(folder: string, node: string, env: Record<string, string>): Promise<string> {
  const readme = readFileSync(join(SDK, "README.md"), "utf8");
  const example = /```js\n(import \{ DomeClient \}[^]*?)```/.exec(readme)?.[1];
  if (example === undefined) throw new Error("the README has no first example");
  writeFileSync(join(folder, "example.js"), example);
  const { stdout, stderr } = await run(node, ["example.js"], { cwd: folder, env });
  return stdout + stderr;
}

/** Checks a program that uses the package, and its declarations with it, as strictly as the compiler goes. */
export async function checkTypes(folder: string, program: string): Promise<string> {
  writeFileSync(join(folder, "program.ts"), program);
  const options = [
    "--noEmit",
    "--strict",
    "--skipLibCheck",
    "false",
    "--module",
    "nodenext",
    "--target",
    "es2022",
  ];
  const compiler = [
    join(ROOT, "node_modules/typescript/bin/tsc"),
    ...options,
    "--lib",
    "es2023,dom",
    "--types",
    "",
  ];
  const { stdout } = await run(process.execPath, [...compiler, "program.ts"], { cwd: folder }).catch(
    (fault: { stdout: string }) => fault,
  );
  return stdout;
}
