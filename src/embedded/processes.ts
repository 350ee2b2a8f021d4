/**
 * Names processes reliably. A process id is reused after its process has ended, so a process is named by its id and its
 * start time, and no process is ended unless both match.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Timers } from "../kernel/clock.ts";

export interface ProcessName {
  readonly pid: number;
  /**
   * Opaque. On Linux, the id of the boot and the clock ticks since then (field 22 of /proc/PID/stat); the ticks alone
   * could repeat after a reboot. On other systems, a date from `ps`.
   */
  readonly started: string;
}

interface Process extends ProcessName {
  readonly command: string;
}

const POLL_MS = 20;
const GONE_WITHIN_MS = 5_000;

/**
 * The running process with this id. A process that has ended but was not yet collected by its parent does not count.
 */
function lookUp(pid: number): Process | null {
  try {
    return process.platform === "linux" ? fromProc(pid) : fromPs(pid);
  } catch {
    return null; // no such process
  }
}

function fromProc(pid: number): Process | null {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The second field is the name in parentheses; it may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, started] = [fields[0], fields[19]];
  if (state === "Z" || state === "X" || started === undefined) return null;
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  return { pid, started: `${boot} ${started}`, command };
}

function fromPs(pid: number): Process | null {
  const line = execFileSync("ps", ["-o", "state=,lstart=,command=", "-p", String(pid)], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
    env: { ...process.env, LC_ALL: "C" },
  }).trim();
  const match = /^(\S+)\s+(\S+\s+\S+\s+\S+\s+\S+\s+\S+)\s+(.*)$/.exec(line);
  const [, state, started, command] = match ?? [];
  if (state === undefined || state.startsWith("Z") || started === undefined) return null;
  return { pid, started, command: command ?? "" };
}

/** The name of a running process; null when there is none with this id. */
export function nameOf(pid: number): ProcessName | null {
  const found = lookUp(pid);
  return found === null ? null : { pid, started: found.started };
}

/** True while exactly this process runs, not another one with the same id. */
export const isRunning = (name: ProcessName): boolean => lookUp(name.pid)?.started === name.started;

/**
 * Ends a process with SIGKILL, if it is still the named one and its command line holds `marker`.
 * @returns false when it still runs after five seconds.
 */
export async function end(name: ProcessName, marker: string, timers: Timers): Promise<boolean> {
  const found = lookUp(name.pid);
  if (found?.started !== name.started || !found.command.includes(marker)) return true;
  try {
    process.kill(name.pid, "SIGKILL");
  } catch {
    return !isRunning(name); // gone meanwhile, or not permitted
  }
  // It is not a child of this process, so no event reports its end.
  for (let waited = 0; isRunning(name); waited += POLL_MS) {
    if (waited >= GONE_WITHIN_MS) return false;
    await timers.sleep(POLL_MS);
  }
  return true;
}
