/**
 * Ends the runtimes of a server that is gone, also after a SIGKILL: workerd does not notice, and would go on admitting
 * and writing. A program of its own: `dome-watcher.js PIDS_FILE PID STARTED`, with a pipe from the server on standard
 * input. The kernel closes the pipe when the server ends, however it ends; the server itself never writes to it.
 *
 * What is ended stands in the server's note by id and start time, and only if the note is still that server's. One that
 * stopped in order has removed it; one that started on the folder since has ended the left-over runtimes itself.
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

// It stays when the server's terminal goes, or its process group is told to end: it leaves when the server has.
for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"] as const) process.on(signal, () => undefined);
await new Promise((resolve) => process.stdin.once("end", resolve).once("error", resolve).resume());
await endRuntimes();
