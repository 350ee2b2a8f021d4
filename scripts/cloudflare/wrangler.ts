/**
 * Wrangler as a port. Everything that happens in a Cloudflare account goes through the pinned wrangler in a process of
 * its own: it knows the login, the endpoints and their retries. Values that are secret go in by stdin, never as an
 * argument, because arguments can be read by every process of the machine.
 */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { defined } from "../../src/kernel/defined.ts";

export interface Outcome {
  /** The exit code; 1 when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Call {
  readonly args: readonly string[];
  /** Written to stdin, which is then closed; without it stdin is empty, so that wrangler asks nothing. */
  readonly stdin?: string;
  /** The account's id; null while it is not known. */
  readonly account: string | null;
}

export interface Wrangler {
  run(call: Call): Promise<Outcome>;
}

/** The wrangler that the lock file names. */
export const pinnedScript = (): string =>
  join(dirname(createRequire(import.meta.url).resolve("wrangler/package.json")), "bin/wrangler.js");

/**
 * @param root where wrangler.toml is.
 * @param env of this process; what belongs to Dome alone is not passed on.
 * @param script wrangler's entry point, run with this process's Node.
 */
export function wranglerProcess(root: string, env: NodeJS.ProcessEnv, script = pinnedScript()): Wrangler {
  const { DOME_TOKEN: _operators, ...passed } = env;
  return {
    run: ({ args, stdin, account }) =>
      new Promise((resolve, reject) => {
        const child = spawn(process.execPath, [script, ...args], {
          cwd: root,
          env: {
            ...passed,
            NO_COLOR: "1",
            FORCE_COLOR: "0",
            WRANGLER_SEND_METRICS: "false",
            ...defined({ CLOUDFLARE_ACCOUNT_ID: account ?? undefined }),
          },
          stdio: ["pipe", "pipe", "pipe"],
        });
        const out: Buffer[] = [];
        const err: Buffer[] = [];
        child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
        child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
        // It may end without having read all of its input; its exit code says what that means.
        child.stdin.on("error", () => undefined);
        child.once("error", reject);
        child.once("close", (code) =>
          resolve({
            code: code ?? 1,
            stdout: Buffer.concat(out).toString("utf8"),
            stderr: Buffer.concat(err).toString("utf8"),
          }),
        );
        child.stdin.end(stdin ?? "");
      }),
  };
}

/** wrangler.toml as data, by wrangler's own reader; loaded only where it is wanted, because it is large. */
export async function readWranglerToml(path: string): Promise<unknown> {
  // Its types name a package that is not installed with it.
  const wrangler = (await import("wrangler")) as unknown as {
    experimental_readRawConfig(from: { config: string }): { rawConfig: unknown };
  };
  return wrangler.experimental_readRawConfig({ config: path }).rawConfig;
}
