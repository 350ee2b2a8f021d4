/**
 * Tells the command line about this server: context `local` in $XDG_CONFIG_HOME/dome/contexts.json, so that the first
 * command works without logging in. A context that belongs to another server is never touched: its token may be saved
 * nowhere else. Not being able to write there is no reason not to serve.
 */
import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { readJson, readText, writeAtomically } from "./files.ts";
import { reasonOf } from "./refusal.ts";

interface Context {
  readonly url: string;
  readonly token: string;
}

/** What became of it, in one sentence each for the person at the terminal; null when there is nothing to say. */
export interface Saved {
  /** The name under which the command line knows this server; null when it could not be saved. */
  readonly name: string | null;
  readonly current: boolean;
  readonly remark: string | null;
}

/** The file with the contexts of the command line. */
export function contextsPath(env: Readonly<Record<string, string | undefined>>): string {
  const config = env["XDG_CONFIG_HOME"];
  // A relative path is to be ignored (XDG Base Directory Specification).
  const base =
    config !== undefined && isAbsolute(config) ? config : join(env["HOME"] || homedir(), ".config");
  return join(base, "dome", "contexts.json");
}

/** Saves this server under `local`, or under `local-<port>` when that name is another server's. */
export function saveContext(path: string, mine: Context): Saved {
  try {
    const file = readJson(path);
    if (file === null && readText(path) !== null) {
      return { name: null, current: false, remark: `${path} is not readable as JSON and was left alone` };
    }
    const contexts = memberOf(file, "contexts") ?? {};
    const local = memberOf(contexts, "local");
    const name = isMine(local, mine) ? "local" : `local-${new URL(mine.url).port}`;
    const before = file !== null && "current" in file ? file.current : undefined;
    const current = typeof before === "string" && Object.hasOwn(contexts, before) ? before : name;

    const saved = { ...memberOf(contexts, name), ...mine };
    const whole = { ...file, current, contexts: { ...contexts, [name]: saved } };
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeAtomically(path, `${JSON.stringify(whole, null, 2)}\n`);
    const remark =
      name === "local" ? null : `the context "local" belongs to another server and was left alone`;
    return { name, current: current === name, remark };
  } catch (error) {
    return {
      name: null,
      current: false,
      remark: `the context could not be saved in ${path}: ${reasonOf(error)}`,
    };
  }
}

/** This server's if it is free, or has its URL (an earlier state's token is dead) or its token (another port now). */
function isMine(saved: object | null, mine: Context): boolean {
  if (saved === null) return true;
  return ("url" in saved && saved.url === mine.url) || ("token" in saved && saved.token === mine.token);
}

function memberOf(value: object | null, name: string): object | null {
  const member: unknown = value === null ? null : Reflect.get(value, name);
  return typeof member === "object" ? member : null;
}
