/**
 * Copies of secrets on this machine, 0600 and outside of the repository's history. Cloudflare gives no secret back: the
 * copy of the root key is what a rotation and a restoration start from.
 */
import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { readText, writeAtomically } from "../../src/embedded/files.ts";
import { reasonOf } from "../../src/embedded/refusal.ts";
import { parseRootKeys, type RootKeys } from "../../src/secrets/root-key.ts";
import { Stop } from "./stop.ts";

/** @param account null only in a dry run that does not know it. */
export const defaultRootKeyFile = (root: string, account: string | null, worker: string): string =>
  join(root, ".dome", "cloudflare", account ?? "ACCOUNT", `${worker}.root.key`);

export interface RootKeyCopy {
  /** As DOME_ROOT_KEY has it: base64, several with commas between, newest first. */
  readonly text: string;
  readonly keys: RootKeys;
}

/** @returns null when the file is not there. @throws Stop when it holds no root key. */
export function readRootKey(path: string): RootKeyCopy | null {
  const text = readSecret(path);
  if (text === null) return null;
  const keys = parseRootKeys(text);
  if (!keys.ok)
    throw new Stop(1, `${path} has no root key (${keys.error.kind})`, "restore it from its backup");
  return { text: text.split(/[\s,]+/).join(","), keys: keys.value };
}

/** @returns the text without white space around it; null when the file is not there. */
export function readSecret(path: string): string | null {
  try {
    return readText(path)?.trim() ?? null;
  } catch (fault) {
    throw new Stop(1, `cannot read ${path}: ${reasonOf(fault)}`);
  }
}

/** Writes it whole, on disk before this returns, 0600; the folders it makes are 0700. */
export function writeSecret(path: string, text: string): void {
  try {
    if (!existsSync(dirname(path))) mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeAtomically(path, `${text}\n`);
  } catch (fault) {
    throw new Stop(1, `cannot write ${path}: ${reasonOf(fault)}`, "choose a path that you can write to");
  }
}
