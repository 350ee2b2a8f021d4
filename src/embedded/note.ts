/**
 * `server.pids`: the processes of a state folder's server. It is on disk before a runtime gets its configuration, and
 * so before that runtime can open a database.
 */
import { readJson, writeAtomically } from "./files.ts";
import type { ProcessName } from "./processes.ts";

export const PIDS_FILE = "server.pids";

/** The word in the command line of each runtime. */
export const RUNTIME = "workerd";

export interface Note {
  readonly server: ProcessName;
  readonly runtimes: readonly ProcessName[];
  /** The process that ends the runtimes when the server is gone; null while there is none. */
  readonly watcher: ProcessName | null;
}

export const writeNote = (path: string, note: Note): void =>
  writeAtomically(path, `${JSON.stringify(note)}\n`);

/** @returns null when the file is missing or malformed. */
export function readNote(path: string): Note | null {
  const note = readJson(path);
  if (note === null || !("server" in note) || !("runtimes" in note)) return null;
  if (!isProcessName(note.server) || !Array.isArray(note.runtimes)) return null;
  const watcher = "watcher" in note && isProcessName(note.watcher) ? note.watcher : null;
  return { server: note.server, runtimes: note.runtimes.filter(isProcessName), watcher };
}

function isProcessName(value: unknown): value is ProcessName {
  if (typeof value !== "object" || value === null || !("pid" in value) || !("started" in value)) return false;
  return Number.isSafeInteger(value.pid) && Number(value.pid) > 0 && typeof value.started === "string";
}
