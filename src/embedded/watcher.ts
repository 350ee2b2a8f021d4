/**
 * Ends the runtimes of a server that is gone, even after a SIGKILL: workerd does not notice, and would continue to
 * admit calls and write. It is a program of its own: `dome-watcher.js PIDS_FILE PID STARTED`, with a pipe from the
 * server on standard input. The kernel closes the pipe when the server ends, however it ends; the server itself never
 * writes to it.
 *
 * The server's note names the processes to end by id and start time. It counts only while it is still that server's
 * note: a server that stopped in order has removed it, and a later server on the folder has already ended the remaining
 * runtimes.
 */
import { systemTimers } from "../kernel/clock.ts";
import { readNote, RUNTIME } from "./note.ts";
import { end, type ProcessName } from "./processes.ts";

const [path = "", pid = "", started = ""] = process.argv.slice(2);
const server: ProcessName = { pid: Number(pid), started };

async function endRuntimes(): Promise<void> {
  const note = readNote(path);
  if (note === null || note.server.pid !== server.pid || note.server.started !== server.started) return;
  await Promise.all(note.runtimes.map((runtime) => end(runtime, RUNTIME, systemTimers)));
}

// The watcher ignores signals to the terminal or the process group: it ends after the server has ended.
for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"] as const) process.on(signal, () => undefined);
await new Promise((resolve) => process.stdin.once("end", resolve).once("error", resolve).resume());
await endRuntimes();
