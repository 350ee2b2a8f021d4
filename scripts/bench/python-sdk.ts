/** The Python SDK in a process of its own. The benchmark sends orders as lines, and each answer is a line. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { RunningServer } from "../../test/support/server.ts";
import { pythonPrograms } from "../python-environment.ts";
import { OPERATION, type Caller } from "./operator.ts";
import { ROOT } from "./place.ts";

export interface PythonSdk {
  order(line: string): void;
  /** The next answer. @throws Error when the process has ended. */
  answer<T>(): Promise<T>;
  end(): Promise<void>;
}

/** @throws Error when there is no Python; the message says what to install. */
export function startPythonSdk(server: RunningServer, { key }: Caller): PythonSdk {
  const child = spawn(join(pythonPrograms(), "python"), [join(ROOT, "scripts/bench/sdk.py")], {
    env: { PATH: process.env["PATH"], DOME_URL: server.url, DOME_AGENT_KEY: key, DOME_TOOL: OPERATION },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    order: (line) => void child.stdin.write(`${line}\n`),
    answer: async <T>(): Promise<T> => {
      const { value, done } = await lines.next();
      if (done === true) throw new Error("the Python SDK's part of the benchmark ended");
      return JSON.parse(value) as T;
    },
    end: async () => {
      const closed = child.exitCode === null ? once(child, "close") : null;
      child.stdin.end();
      await closed;
    },
  };
}
