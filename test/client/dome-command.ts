/** Runs the built command line in a process of its own, as a person or a pipeline would. */
import { execFile } from "node:child_process";
import { CLI } from "../support/server.ts";

export interface CommandRun {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param env the whole environment of the command. */
export function runDome(
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
  stdin = "",
): Promise<CommandRun> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      process.execPath,
      [CLI, ...argv],
      { env, encoding: "utf8" },
      (fault, stdout, stderr) => {
        if (child.exitCode === null) reject(fault ?? new Error("the command was ended"));
        else resolve({ exit: child.exitCode, stdout, stderr });
      },
    );
    child.stdin?.end(stdin);
  });
}
