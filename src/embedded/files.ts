/** Writes files atomically, readable only by their owner. */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { systemCode } from "./refusal.ts";

/**
 * Replaces a file by a complete one that is on disk when this returns; mode 0600.
 * @throws the system's error.
 */
export function writeAtomically(path: string, text: string): void {
  const draft = `${path}.${process.pid}.draft`;
  try {
    rmSync(draft, { force: true }); // left by a killed process with the same id
    const file = openSync(draft, "wx", 0o600); // exclusive: follows no link, keeps no other mode
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
  syncFolder(dirname(path)); // the renaming is on disk too
}

/**
 * @returns null when the file is missing.
 * @throws every other error of the system.
 */
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
    // Some systems cannot open or sync a folder; the renaming itself has happened.
  }
}
