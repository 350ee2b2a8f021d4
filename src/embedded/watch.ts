/** Starts the watcher (watcher.ts), and another one when it ends before the server does. */
import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { consoleLog } from "../kernel/log.ts";
import { nameOf, type ProcessName } from "./processes.ts";
import { reasonOf } from "./refusal.ts";

// Beside this file's bundle, dist/embedded/dome-server.js.
const PROGRAM = fileURLToPath(new URL("dome-watcher.js", import.meta.url));
/** A watcher that cannot live is not started for ever. */
const MOST_STARTS = 10;

/**
 * @param pidsPath the server's note.
 * @param server this process.
 * @param onStart told of each watcher.
 * @returns what lets the watcher go: it ends by itself then, and finds nothing to do.
 */
export function startWatcher(
  pidsPath: string,
  server: ProcessName,
  onStart: (watcher: ProcessName | null) => void,
): () => void {
  let watched = true;
  let starts = 0;
  let watcher: ChildProcess;
  const start = (): void => {
    starts += 1;
    watcher = spawn(process.execPath, [PROGRAM, pidsPath, String(server.pid), server.started], {
      cwd: "/",
      detached: true, // a session of its own: what ends the server's process group does not end it
      env: { PATH: process.env["PATH"] ?? "" },
      stdio: ["pipe", "ignore", "ignore"],
    });
    watcher.once("error", (error) => warn(reasonOf(error)));
    watcher.once("spawn", () => onStart(watcher.pid === undefined ? null : nameOf(watcher.pid)));
    watcher.once("exit", () => {
      if (!watched) return;
      if (starts < MOST_STARTS) start();
      else warn("the watcher ended several times");
    });
    watcher.stdin?.on("error", () => undefined); // it has gone; the next one has a pipe of its own
  };
  start();
  return () => {
    watched = false;
    watcher.stdin?.end();
  };
}

const warn = (why: string): void =>
  consoleLog.write("warn", "watcher", {
    message: `the watcher does not run, so the runtime goes on if the server is killed: ${why}`,
  });
