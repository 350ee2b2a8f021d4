/** The files that a command works on: those that are named, and those in folders that are named. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { usage } from "./exit.ts";
import { faultCode } from "./fault-code.ts";

/** Folders of other programs, and those that a shell hides. */
const isSkipped = (name: string): boolean => name === "node_modules" || name.startsWith(".");

/**
 * @param named files and folders; none: the current folder. `-` stays as it is.
 * @param ending of the files in folders. A file that is named may end otherwise.
 * @returns each once, in the order of the arguments and, within a folder, of the names.
 * @throws CommandFailure (exit 2) when something that is named is not there, or there is no such file at all.
 */
export async function filesBelow(named: readonly string[], ending: string): Promise<readonly string[]> {
  const found = await Promise.all((named.length === 0 ? ["."] : named).map((path) => filesAt(path, ending)));
  const files = [...new Set(found.flat())];
  if (files.length > 0) return files;
  throw usage(
    `There is no file whose name ends in ${ending} in ${named.join(", ") || "this folder"} or below`,
  );
}

async function filesAt(path: string, ending: string): Promise<readonly string[]> {
  if (path === "-") return [path];
  const found = await stat(path).catch((fault: unknown) => {
    throw usage(`${path} cannot be read (${faultCode(fault)})`);
  });
  return found.isDirectory() ? filesIn(path, ending) : [path];
}

async function filesIn(folder: string, ending: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const found: (readonly string[])[] = [];
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (isSkipped(entry.name)) continue;
    if (entry.isDirectory()) found.push(await filesIn(path, ending));
    else if (entry.isFile() && entry.name.endsWith(ending)) found.push([path]);
  }
  return found.flat();
}
