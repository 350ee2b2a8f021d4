/** The real environment, for the program itself. */
import { readFileSync } from "node:fs";
import { isatty } from "node:tty";
import { fileURLToPath } from "node:url";
import { systemClock, systemTimers } from "../kernel/clock.ts";
import { systemRandom } from "../kernel/random.ts";
import type { Environment, Input, Io, Sink } from "./io.ts";

/** The relative path is the same from src/cli and from dist/cli. */
const PACKAGE = fileURLToPath(new URL("../../package.json", import.meta.url).href);

/** 128 plus the number of SIGINT, as shells use it. */
const INTERRUPTED = 130;

export const processIo = (): Io => ({
  env: environment(process.env),
  variable: (name) => process.env[name],
  stdin: processInput,
  stdout: sink(process.stdout),
  stderr: sink(process.stderr),
  fetch: (input, init) => fetch(input, init),
  clock: systemClock,
  timers: systemTimers,
  random: systemRandom,
  onInterrupt: (tell) => {
    const leave = (): void => {
      tell();
      process.exit(INTERRUPTED);
    };
    process.once("SIGINT", leave);
    return () => process.removeListener("SIGINT", leave);
  },
  timeZone: () => Intl.DateTimeFormat().resolvedOptions().timeZone,
  version: version(),
});

function environment(env: NodeJS.ProcessEnv): Environment {
  return {
    DOME_URL: env["DOME_URL"],
    DOME_TOKEN: env["DOME_TOKEN"],
    DOME_AGENT_KEY: env["DOME_AGENT_KEY"],
    DOME_WORKSPACE: env["DOME_WORKSPACE"],
    DOME_STATE_DIR: env["DOME_STATE_DIR"],
    XDG_CONFIG_HOME: env["XDG_CONFIG_HOME"],
    HOME: env["HOME"],
    NO_COLOR: env["NO_COLOR"],
    TERM: env["TERM"],
  };
}

function sink(stream: NodeJS.WriteStream & { readonly fd: number }): Sink {
  return {
    write: (line) => {
      stream.write(line);
    },
    isTTY: isatty(stream.fd),
    get columns() {
      return stream.isTTY ? stream.columns : undefined;
    },
  };
}

const processInput: Input = {
  isTTY: isatty(process.stdin.fd),
  read: async () => (await import("node:stream/consumers")).text(process.stdin),
  ask: async (question, secret) => {
    const [{ createInterface }, { Writable }] = await Promise.all([
      import("node:readline/promises"),
      import("node:stream"),
    ]);
    process.stderr.write(question);
    // The line editor echoes input to its output; for a secret, that output is discarded.
    const nowhere = new Writable({ write: (_part, _encoding, done) => done() });
    const lines = createInterface({
      input: process.stdin,
      output: secret ? nowhere : process.stderr,
      terminal: secret,
    });
    try {
      return await new Promise<string>((resolve) => {
        lines.once("line", resolve);
        lines.once("close", () => resolve(""));
      });
    } finally {
      lines.close();
      if (secret) process.stderr.write("\n");
    }
  },
};

function version(): string {
  const parsed: unknown = JSON.parse(readFileSync(PACKAGE, "utf8"));
  const known = typeof parsed === "object" && parsed !== null && "version" in parsed;
  return known ? String(parsed.version) : "unknown";
}
