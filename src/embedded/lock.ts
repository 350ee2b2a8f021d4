/**
 * One server per state folder, and no runtime left over from an earlier one.
 *
 * The kernel holds the lock on `server.lock` (SQLite's file lock) while this process lives, so no code has to judge
 * which process is alive, and no lock is left behind. When the file is removed, another process could lock a new one;
 * therefore the folder itself is claimed, too (`folder-claim.ts`). Neither lock covers workerd, which does not notice
 * that its Node parent was killed, and continues to serve and write. Therefore `server.pids` names this process and
 * every workerd that it started, each with its start time; it is written as each one starts. A watcher ends them when
 * this process is gone. If the watcher was killed as well, the next start ends the remaining ones before it opens
 * anything.
 */
import { ChildProcess } from "node:child_process";
import diagnostics from "node:diagnostics_channel";
import { rmSync } from "node:fs";
import { basename, join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { Timers } from "../kernel/clock.ts";
import { ok, type Result } from "../kernel/result.ts";
import { PIDS_FILE, readNote, RUNTIME, writeNote, type Note } from "./note.ts";
import { claimFolder } from "./folder-claim.ts";
import { end, isRunning, nameOf, type ProcessName } from "./processes.ts";
import { reasonOf, refuse, systemCode, type Refusal } from "./refusal.ts";
import { startWatcher } from "./watch.ts";

export const LOCK_FILE = "server.lock";
const SQLITE_BUSY = 5;

export interface StateLock {
  /** True when a runtime of an earlier server had to be ended first. */
  readonly endedLeftOver: boolean;
  /** To be called when the runtime has been disposed of. */
  release(): void;
}

/** Locks the folder, or returns a refusal that names the process that holds it. */
export async function takeLock(stateDir: string, timers: Timers): Promise<Result<StateLock, Refusal>> {
  const pidsPath = join(stateDir, PIDS_FILE);
  const held = await holdKernelLock(join(stateDir, LOCK_FILE));
  if (held === "busy") return alreadyRunning(stateDir, readNote(pidsPath));
  if (!held.ok) return held;
  const claim = await claimFolder(stateDir, process.platform);
  const release = (): void => {
    if (claim !== "busy" && claim.ok) claim.value.release();
    held.value.close();
  };
  if (claim !== "busy" && !claim.ok) {
    release();
    return claim;
  }
  const left = readNote(pidsPath);
  // This happens only when the lock file was removed under a running server.
  const isServed = left !== null && left.server.pid !== process.pid && isRunning(left.server);
  if (claim === "busy" || isServed) {
    release();
    return alreadyRunning(stateDir, left);
  }
  let endedLeftOver = false;
  for (const runtime of left?.runtimes ?? []) {
    if (!isRunning(runtime)) continue;
    if (!(await end(runtime, RUNTIME, timers))) {
      release();
      return refuse(
        `process ${runtime.pid} of an earlier server still uses ${stateDir}; end that process, then start again`,
      );
    }
    endedLeftOver = true;
  }

  const recorder = recordRuntimes(pidsPath);
  return ok({
    endedLeftOver,
    release: () => {
      recorder.stop();
      release();
    },
  });
}

/** Locks a file with SQLite, through the kernel, which releases the lock when this process ends, however it ends. */
async function holdKernelLock(path: string): Promise<Result<DatabaseSync, Refusal> | "busy"> {
  try {
    const sqlite = await import("node:sqlite");
    const file = new sqlite.DatabaseSync(path);
    file.exec("PRAGMA journal_mode = OFF; BEGIN EXCLUSIVE");
    return ok(file);
  } catch (error) {
    if (systemCode(error) === "ERR_UNKNOWN_BUILTIN_MODULE") {
      return refuse(
        `Node.js ${process.versions.node} is too old for the server; use npm start, which runs the project's own Node.js`,
      );
    }
    if (error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY) return "busy";
    return refuse(`cannot lock the state folder with ${path}: ${reasonOf(error)}`);
  }
}

function alreadyRunning(stateDir: string, note: Note | null): Result<never, Refusal> {
  // A note of a process that is gone was written by an earlier server: the server that holds the lock has not written
  // its own yet.
  const who = note !== null && isRunning(note.server) ? ` as pid ${note.server.pid}` : "";
  return refuse(`a server is already running on ${stateDir}${who}; stop it first, or choose another --state`);
}

/**
 * Keeps `server.pids` up to date. Miniflare starts workerd, and restarts it after a crash, without revealing its
 * process id; Node reports every child process on a diagnostics channel.
 */
function recordRuntimes(path: string): { stop(): void } {
  const server = nameOf(process.pid) ?? { pid: process.pid, started: "" };
  const runtimes = new Map<number, ProcessName>();
  let watcher: ProcessName | null = null;
  let recording = true;
  const write = (): void => writeNote(path, { server, runtimes: [...runtimes.values()], watcher });
  const onChild = (message: unknown): void => {
    const child = childIn(message);
    child?.once("spawn", () => {
      const name = child.pid === undefined ? null : nameOf(child.pid);
      if (name === null || basename(child.spawnfile) !== RUNTIME) return;
      runtimes.set(name.pid, name);
      write();
      child.once("exit", () => {
        runtimes.delete(name.pid);
        if (recording) write();
      });
    });
  };
  diagnostics.subscribe("child_process", onChild);
  write();
  const endWatch = startWatcher(path, server, (name) => {
    watcher = name;
    if (recording) write();
  });
  return {
    stop: () => {
      recording = false;
      diagnostics.unsubscribe("child_process", onChild);
      rmSync(path, { force: true });
      endWatch(); // after the note, so that the watcher finds nothing to do
    },
  };
}

function childIn(message: unknown): ChildProcess | null {
  if (typeof message !== "object" || message === null || !("process" in message)) return null;
  return message.process instanceof ChildProcess ? message.process : null;
}
