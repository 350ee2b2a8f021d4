/** Runs the built command line in a process of its own, as a person or a pipeline would. */
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { CLI, ROOT } from "../support/server.ts";

export interface CommandRun {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command line and the Node.js that runs it. */
export interface Program {
  readonly node: string;
  readonly cli: string;
}

const BUILT: Program = { node: process.execPath, cli: CLI };

/** The oldest Node.js that the command line runs on; test/node20 installs it. */
const NODE_20 = join(ROOT, "test/node20/node_modules/node/bin/node");

/** The one dependency that is not in the bundle: its WebAssembly is loaded from where npm has installed it. */
const ENGINE = "@cedar-policy/cedar-wasm";

/**
 * The command line as it is packed and installed, with nothing of the checkout around it, under Node.js 20.
 * @param folder an empty one.
 */
export function packedOnNode20(folder: string): Program {
  if (!existsSync(NODE_20)) throw new Error(`${NODE_20} is missing: run npm ci`);
  cpSync(join(ROOT, "dist/cli"), join(folder, "dist/cli"), { recursive: true });
  cpSync(join(ROOT, "package.json"), join(folder, "package.json"));
  mkdirSync(join(folder, "node_modules/@cedar-policy"), { recursive: true });
  symlinkSync(join(ROOT, "node_modules", ENGINE), join(folder, "node_modules", ENGINE));
  return { node: NODE_20, cli: join(folder, "dist/cli/dome.js") };
}

/** @param env the whole environment of the command. */
export function runDome(
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
  stdin = "",
  { node, cli }: Program = BUILT,
): Promise<CommandRun> {
  return new Promise((resolve, reject) => {
    const child = execFile(node, [cli, ...argv], { env, encoding: "utf8" }, (fault, stdout, stderr) => {
      if (child.exitCode === null) reject(fault ?? new Error("the command was ended"));
      else resolve({ exit: child.exitCode, stdout, stderr });
    });
    child.stdin?.end(stdin);
  });
}
