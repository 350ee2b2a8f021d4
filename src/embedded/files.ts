/** Files that are either whole or not there, readable by their owner alone. */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { systemCode } from "./refusal.ts";

/**
 * Replaces a file by one that is complete and on disk; mode 0600.
 * @throws the system's error.
 */
export function writeAtomically(path: string, text: string): void {
  const draft = `${path}.${process.pid}.draft`;
  try {
    rmSync(draft, { force: true }); // of a process that was killed and had this one's number
    const file = openSync(draft, "wx", 0o600); // exclusive: never through a link, never into another's mode
    try {
      writeSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
  syncFolder(dirname(path)); // the new name is on disk too
}

/** @throws the system's error, except that a missing file is null. */
export function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (systemCode(error) === "ENOENT") return null;
    throw error;
  }
}

/** A JSON object in a file; null when the file is missing or holds something else. */
export function readJson(path: string): object | null {
  const text = readText(path);
  try {
    const value: unknown = text === null ? null : JSON.parse(text);
    return typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

function syncFolder(path: string): void {
  try {
    const folder = openSync(path, "r");
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  } catch {
    // Not every system lets a folder be opened or synced; the rename itself has happened.
  }
}
