/**
 * The state folder. It holds the root key, so its mode is 0700, and that of every file in it 0600.
 *
 *   dome.json     what the first start fixed (state version, issuer, time), and the newest migration applied
 *   root.key      DOME_ROOT_KEY: base64, or several versions, newest first. Without it no key, token or sealed secret
 *                 can be read
 *   admin.token   the operator token of this machine; when it is removed, the next start makes another
 *   test-users.json   issuer and key of the test users (--test-users); when removed, the next start makes others
 *   server.lock, server.pids   see lock.ts
 *   data/         D1 and Durable Objects
 *   tmp/          emptied at each start
 */
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { mintKey, checkKeyForm } from "../credentials/key-format.ts";
import { toBase64 } from "../kernel/bytes.ts";
import type { Random } from "../kernel/random.ts";
import { ok, type Result } from "../kernel/result.ts";
import { deriveKeys, parseRetiredForms, parseRootKeys } from "../secrets/root-key.ts";
import { readJson, readText, writeAtomically } from "./files.ts";
import { LOCK_FILE } from "./lock.ts";
import { reasonOf, refuse, type Refusal } from "./refusal.ts";

export const STATE_VERSION = 1;
const SETTINGS = "dome.json";
const ROOT_KEY = "root.key";
const ADMIN_TOKEN = "admin.token";

export interface Settings {
  readonly version: typeof STATE_VERSION;
  readonly public_url: string;
  readonly created_at: string;
  /** The newest migration applied to this state; null before the first. */
  readonly schema: string | null;
  /** True once the workspace `default` exists. */
  readonly first_start_done: boolean;
}

export interface Secrets {
  readonly rootKey: string;
  readonly adminToken: string;
}

/** Creates the folder, or checks that it is a state folder: a folder with other files is not turned into one. */
export function openFolder(dir: string): Result<void, Refusal> {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const names = readdirSync(dir);
    const ours = [SETTINGS, ROOT_KEY, LOCK_FILE].some((name) => names.includes(name));
    if (names.length > 0 && !ours)
      return refuse(`${dir} has files but no Dome state; choose another --state`);
    const mode = statSync(dir).mode & 0o777;
    if ((mode & 0o077) !== 0) chmodSync(dir, mode & 0o700);
    accessSync(dir, constants.R_OK | constants.W_OK | constants.X_OK);
    return ok(undefined);
  } catch (error) {
    return refuse(`cannot use ${dir} as the state folder: ${reasonOf(error)}`);
  }
}

/**
 * Reads the settings that the first start fixed.
 * @param publicUrl the public URL of this start. Another issuer than before would invalidate every token and receipt.
 * @param newestMigration the name of the newest migration of this version of Dome.
 * @returns null when the state is new.
 */
export function readSettings(
  dir: string,
  publicUrl: string | null,
  newestMigration: string,
): Result<Settings | null, Refusal> {
  const path = join(dir, SETTINGS);
  if (!existsSync(path)) return ok(null);
  const raw = readJson(path);
  if (raw !== null && "version" in raw && Number(raw.version) > STATE_VERSION) {
    return newerState(
      dir,
      `its state version is ${String(raw.version)}, this version supports ${STATE_VERSION}`,
    );
  }
  if (raw === null || !isSettings(raw)) return refuse(`${path} is damaged; restore it from a backup`);
  if (raw.schema !== null && raw.schema > newestMigration) {
    return newerState(dir, `its schema is ${raw.schema}, this version supports ${newestMigration}`);
  }
  if (publicUrl !== null && publicUrl !== raw.public_url) {
    return refuse(
      `${dir} belongs to ${raw.public_url}. The public URL is the issuer of its tokens and cannot change to ${publicUrl}; use another --state`,
    );
  }
  return ok(raw);
}

/** The refusal of a state that a later version of Dome has written. */
export const newerState = (dir: string, how: string): Result<never, Refusal> =>
  refuse(`${dir} was written by a newer version of Dome (${how}); use that version or a later one`);

export const writeSettings = (dir: string, settings: Settings): void =>
  writeAtomically(join(dir, SETTINGS), `${JSON.stringify(settings, null, 2)}\n`);

/**
 * Reads the root key and the admin token, and creates a missing one.
 * @param isNew false when the state has been used. Then a missing root key is a loss and is refused.
 */
export async function openSecrets(
  dir: string,
  isNew: boolean,
  random: Random,
): Promise<Result<Secrets, Refusal>> {
  const rootPath = join(dir, ROOT_KEY);
  const tokenPath = join(dir, ADMIN_TOKEN);
  if (!existsSync(rootPath)) {
    if (!isNew)
      return refuse(
        `${rootPath} is missing, and the state cannot be read without it; restore the file from a backup`,
      );
    writeAtomically(rootPath, `${toBase64(random.bytes(32))}\n`);
  }
  const rootKey = readText(rootPath)?.trim() ?? "";
  const versions = parseRootKeys(rootKey);
  if (!versions.ok)
    return refuse(`${rootPath} is damaged (${versions.error.kind}); restore it from a backup`);
  const derived = await deriveKeys(versions.value);

  if (!existsSync(tokenPath))
    writeAtomically(tokenPath, `${await mintKey("operator", derived[0].formKey, random)}\n`);
  const adminToken = readText(tokenPath)?.trim() ?? "";
  const formKeys = [...derived.map(({ formKey }) => formKey), ...parseRetiredForms(rootKey)];
  if (!(await checkKeyForm("operator", adminToken, formKeys))) {
    return refuse(`${tokenPath} does not belong to ${rootPath}; remove it, and this command creates another`);
  }
  for (const path of [rootPath, tokenPath]) chmodSync(path, 0o600);
  return ok({ rootKey, adminToken });
}

/** An empty folder for the runtime's temporary files, which a killed server leaves behind. */
export function emptyTmp(dir: string): string {
  const path = join(dir, "tmp");
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { mode: 0o700 });
  return path;
}

function isSettings(raw: object): raw is Settings {
  const { version, public_url, created_at, schema, first_start_done } = raw as Partial<
    Record<keyof Settings, unknown>
  >;
  return (
    version === STATE_VERSION &&
    typeof public_url === "string" &&
    typeof created_at === "string" &&
    (schema === null || typeof schema === "string") &&
    typeof first_start_done === "boolean"
  );
}
