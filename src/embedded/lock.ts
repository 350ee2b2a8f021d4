/**
 * One server per state folder, and no runtime left over from an earlier one.
 *
 * `server.lock` is held by the kernel for as long as this process lives (SQLite's own file lock), so it needs no
 * judgement about who is alive and cannot be left behind. Somebody may remove it, though, and then another one can be locked:
 * so the folder itself is claimed, too (`folder-claim.ts`). What it does not cover is workerd: it does not notice that its
 * Node parent was killed and goes on serving and writing. Therefore `server.pids` names this process and every workerd
 * that it started, each with its start time, written as each one starts. A watcher ends them when this process is gone;
 * should it have been killed as well, the next start ends what is left before it opens anything.
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
  /** Call when the runtime has been disposed of. */
  release(): void;
}

/** Takes the folder, or says who has it. */
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
  // Only when somebody removed the lock file under a running server.
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

/** SQLite locks the file through the kernel, which lets go of it when this process ends, however it ends. */
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
  // A note whose process is gone is that of an earlier server: the one that holds the lock has yet to write its own.
  const who = note !== null && isRunning(note.server) ? ` as pid ${note.server.pid}` : "";
  return refuse(`a server is already running on ${stateDir}${who}; stop it first, or choose another --state`);
}

/**
 * Keeps `server.pids` true. Miniflare starts workerd, and starts it again after a crash, without telling its id; Node
 * reports every child process on a diagnostics channel.
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
