/** Starts the watcher (watcher.ts), and restarts it when it ends before the server. */
import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { consoleLog } from "../kernel/log.ts";
import { nameOf, type ProcessName } from "./processes.ts";
import { reasonOf } from "./refusal.ts";

// The program lies beside this file's bundle, dist/embedded/dome-server.js.
const PROGRAM = fileURLToPath(new URL("dome-watcher.js", import.meta.url));
/** The greatest number of starts, so that a watcher that always fails is not restarted without end. */
const MOST_STARTS = 10;

/**
 * @param pidsPath the server's note, `server.pids`.
 * @param server this process.
 * @param onStart called with each watcher.
 * @returns a function that releases the watcher. The watcher then ends by itself and finds nothing to do.
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
      detached: true, // a session of its own, so that it survives the end of the server's process group
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
    watcher.stdin?.on("error", () => undefined); // this watcher has ended; the next one has a pipe of its own
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
