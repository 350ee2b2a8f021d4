/**
 * The two secrets of the Workers. What is set is never overwritten here; what is missing is made, copied to this machine
 * first, and uploaded in one request for each Worker, so that an upload that fails half-way loses nothing: the next run finds the
 * copies and uploads the same.
 */
import { z } from "zod";
import { checkKeyForm, mintKey } from "../../src/credentials/key-format.ts";
import { toBase64 } from "../../src/kernel/bytes.ts";
import { defined } from "../../src/kernel/defined.ts";
import { deriveKeys, parseRootKeys, type RootKeys } from "../../src/secrets/root-key.ts";
import { isInUse } from "./resources.ts";
import { readRootKey, readSecret, writeSecret, type RootKeyCopy } from "./secret-files.ts";
import { jsonIn, type Session } from "./session.ts";
import { misuse, Stop } from "./stop.ts";
import { wranglerFault } from "./wrangler-fault.ts";

export const ROOT_KEY = "DOME_ROOT_KEY";
export const ADMIN_TOKEN = "DOME_ADMIN_TOKEN";

const Names = z.array(z.looseObject({ name: z.string() }));

/** The names of the Worker's secrets, none while there is no such Worker; null in a dry run that cannot ask. */
export async function secretNames(session: Session, worker: string): Promise<ReadonlySet<string> | null> {
  const args = ["secret", "list", "--name", worker, "--format", "json"];
  const outcome = await session.read(args);
  if (outcome === null) return null;
  if (outcome.code !== 0 && /Worker "[^"]*".* not found/.test(outcome.stderr)) return new Set();
  const listed = Names.safeParse(jsonIn(outcome.stdout));
  if (outcome.code !== 0 || !listed.success) throw wranglerFault(args, outcome);
  return new Set(listed.data.map(({ name }) => name));
}

/** Uploads secrets; each upload is a new version of the Worker with all of the traffic. */
export async function uploadSecrets(
  session: Session,
  worker: string,
  values: Readonly<Record<string, string>>,
): Promise<void> {
  await session.change(["secret", "bulk", "--name", worker], values);
}

/** Which secrets each Worker has. Only the door reads the admin token, so the objects' Worker is not given it. */
export const secretsOf = (
  names: WorkerNames,
): readonly (readonly [worker: string, secrets: readonly string[]])[] => [
  [names.objectsWorker, [ROOT_KEY]],
  [names.worker, [ROOT_KEY, ADMIN_TOKEN]],
];

interface WorkerNames {
  readonly worker: string;
  readonly objectsWorker: string;
}

interface SecretsRequest {
  readonly names: WorkerNames;
  readonly database: { readonly name: string; readonly found: boolean };
  readonly rootKeyFile: string;
  readonly tokenFile: string | null;
}

/**
 * @returns the admin token when this run made one; it is shown once.
 * @throws Stop when making a secret would cut off what an earlier one has sealed.
 */
export async function ensureSecrets(session: Session, wanted: SecretsRequest): Promise<string | null> {
  const { rootKeyFile, tokenFile } = wanted;
  const lacks = new Map<string, readonly string[]>();
  const set = new Set<string>();
  for (const [worker, secrets] of secretsOf(wanted.names)) {
    const there = (await secretNames(session, worker)) ?? new Set();
    for (const name of secrets.filter((each) => there.has(each))) {
      set.add(name);
      session.print(`secret ${name} of ${worker}: set`);
    }
    lacks.set(
      worker,
      secrets.filter((each) => !there.has(each)),
    );
  }
  const missing = new Set([...lacks.values()].flat());
  if (missing.size === 0) return null;

  const copy = readRootKey(rootKeyFile);
  if (copy === null) await refuseToBeginAnew(session, wanted, set);
  if (session.dryRun) {
    if (copy === null) session.print(`would write ${rootKeyFile}`);
    if (tokenFile !== null && missing.has(ADMIN_TOKEN)) session.print(`would write ${tokenFile}`);
    await uploadMissing(session, lacks, {});
    return null;
  }

  const rootKey = copy ?? makeRootKey(session, rootKeyFile);
  const token = missing.has(ADMIN_TOKEN) ? await adminToken(session, rootKey.keys, tokenFile) : null;
  await uploadMissing(session, lacks, {
    [ROOT_KEY]: rootKey.text,
    ...defined({ [ADMIN_TOKEN]: token ?? undefined }),
  });
  return token;
}

async function uploadMissing(
  session: Session,
  lacks: ReadonlyMap<string, readonly string[]>,
  made: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [worker, missing] of lacks) {
    if (missing.length === 0) continue;
    await uploadSecrets(session, worker, Object.fromEntries(missing.map((name) => [name, made[name] ?? ""])));
    if (!session.dryRun) for (const name of missing) session.print(`secret ${name} of ${worker}: set now`);
  }
}

/** Without a copy of the root key a new one may be made only where none has ever sealed anything. */
async function refuseToBeginAnew(
  session: Session,
  wanted: SecretsRequest,
  set: ReadonlySet<string>,
): Promise<void> {
  const restore = `put the copy of the root key at ${wanted.rootKeyFile}, or give its path with --root-key-file`;
  if (set.has(ROOT_KEY)) {
    throw new Stop(
      1,
      `a secret that comes from the root key is missing, and this machine has no copy of the root key`,
      restore,
    );
  }
  if (set.has(ADMIN_TOKEN)) {
    throw new Stop(
      1,
      `${ROOT_KEY} is missing from the Workers, and a new root key could not read the stored data`,
      restore,
    );
  }
  if (wanted.database.found && (await isInUse(session, wanted.database.name))) {
    throw new Stop(
      1,
      `the database ${wanted.database.name} was used with a root key that this Worker does not have`,
      `${restore}; or choose another --name for a new installation`,
    );
  }
}

function makeRootKey(session: Session, path: string): RootKeyCopy {
  const text = toBase64(session.ports.random.bytes(32));
  const keys = parseRootKeys(text);
  if (!keys.ok) throw new Error(keys.error.kind);
  writeSecret(path, text);
  session.print(`root key: created; its only copy outside Cloudflare is ${path}: put it in your vault`);
  return { text, keys: keys.value };
}

/** The token that an interrupted run has left in the file, else a new one, which the file has before the upload. */
async function adminToken(session: Session, keys: RootKeys, tokenFile: string | null): Promise<string> {
  const derived = await deriveKeys(keys);
  const left = tokenFile === null ? null : readSecret(tokenFile);
  if (left !== null) {
    const formKeys = derived.map(({ formKey }) => formKey);
    if (await checkKeyForm("operator", left, formKeys)) return left;
    throw misuse(`${tokenFile} exists and is not a token of this installation`, "another --token-file");
  }
  const token = await mintAdminToken(session, keys);
  if (tokenFile !== null) writeSecret(tokenFile, token);
  return token;
}

/** A token of the newest root-key version. */
export async function mintAdminToken(session: Session, keys: RootKeys): Promise<string> {
  const [{ formKey }] = await deriveKeys([keys[0]]);
  return mintKey("operator", formKey, session.ports.random);
}
