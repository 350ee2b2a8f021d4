/**
 * `cf:rotate`: a new version at the head of DOME_ROOT_KEY, an old one out of it, or another admin token.
 *
 * The new list is beside the copy (`….next`) before it is uploaded and takes its place afterwards. A run that was
 * interrupted in between is finished by the next one with the same list: no version is made twice, and none is lost.
 */
import { renameSync } from "node:fs";
import { toBase64 } from "../../src/kernel/bytes.ts";
import { parseRootKeys, retireRootKey, type RootKeys } from "../../src/secrets/root-key.ts";
import type { Names } from "./installation.ts";
import { readRootKey, readSecret, writeSecret, type RootKeyCopy } from "./secret-files.ts";
import { ADMIN_TOKEN, mintAdminToken, ROOT_KEY, secretNames, uploadSecrets } from "./secrets.ts";
import type { Session } from "./session.ts";
import { showToken } from "./setup.ts";
import { misuse, Stop } from "./stop.ts";

/** @param retire the version to take out; null: add a new one. */
export async function rotateRootKey(
  session: Session,
  names: Names,
  rootKeyFile: string,
  retire: string | null,
): Promise<void> {
  const copy = await copyOfWhatIsSet(session, names, rootKeyFile);
  session.print(`versions in ${rootKeyFile}: ${copy.keys.map(({ version }) => version).join(", ")}`);
  const next = `${rootKeyFile}.next`;
  const unfinished = readRootKey(next);
  const list = unfinished ?? (retire === null ? withNew(session, copy) : await without(copy, retire));

  if (unfinished !== null)
    session.print("an earlier run did not finish: this run only uploads its list again");
  else session.changeHere(`write ${next}`, () => writeSecret(next, list.text));
  // The objects first: what the door makes under a new version, they must be able to read.
  for (const worker of [names.objectsWorker, names.worker])
    await uploadSecrets(session, worker, { [ROOT_KEY]: list.text });
  session.changeHere(`move ${next} to ${rootKeyFile}`, () => {
    keepRetired(rootKeyFile, copy, list);
    renameSync(next, rootKeyFile);
  });
  report(session, list.keys, rootKeyFile);
}

export async function rotateAdminToken(
  session: Session,
  names: Names,
  rootKeyFile: string,
  tokenFile: string | null,
): Promise<void> {
  const copy = await copyOfWhatIsSet(session, names, rootKeyFile);
  if (session.dryRun) {
    if (tokenFile !== null) session.print(`would write ${tokenFile}`);
    await uploadSecrets(session, names.worker, { [ADMIN_TOKEN]: "" });
    session.print("dry run: nothing changed");
    return;
  }
  const token = await mintAdminToken(session, copy.keys);
  const next = tokenFile === null ? null : `${tokenFile}.next`;
  if (next !== null) writeSecret(next, token);
  await uploadSecrets(session, names.worker, { [ADMIN_TOKEN]: token });
  if (next !== null && tokenFile !== null) renameSync(next, tokenFile);
  showToken(session, token, tokenFile);
  session.print(
    "the earlier admin token stops working within seconds, when the new version of the Worker runs",
  );
}

async function copyOfWhatIsSet(session: Session, names: Names, rootKeyFile: string): Promise<RootKeyCopy> {
  for (const worker of [names.objectsWorker, names.worker]) {
    const set = await secretNames(session, worker);
    if (set !== null && !set.has(ROOT_KEY))
      throw new Stop(1, `${worker} has no ${ROOT_KEY} yet`, "npm run cf:setup -- --public-url URL");
  }
  const copy = readRootKey(rootKeyFile);
  if (copy !== null) return copy;
  throw new Stop(
    1,
    `${rootKeyFile} is missing, and Cloudflare does not return the root key`,
    "put the copy of the root key there, or give its path with --root-key-file",
  );
}

function withNew(session: Session, copy: RootKeyCopy): RootKeyCopy {
  const list = listOf([toBase64(session.ports.random.bytes(32)), ...partsOf(copy.text)]);
  if (list === null) {
    throw new Stop(
      1,
      `${ROOT_KEY} has ${copy.keys.length} versions, which is the limit`,
      "retire the oldest versions first: npm run cf:rotate -- --retire VERSION",
    );
  }
  return list;
}

/** The form key of a version that leaves stays in the list: keys that it made are still known by their form. */
async function without(copy: RootKeyCopy, version: string): Promise<RootKeyCopy> {
  const versions = copy.keys.map((key) => key.version);
  if (!versions.includes(version))
    throw misuse(`the root key has no version ${version}; its versions are ${versions.join(", ")}`);
  if (versions[0] === version)
    throw misuse(`${version} is the version in use; only an older version can be retired`);
  const text = await retireRootKey(copy.text, version);
  const list = text === undefined ? null : listOf(partsOf(text));
  if (list === null) throw new Error("a list of root keys without an older version is no such list");
  return list;
}

const partsOf = (text: string): string[] => text.split(/[\s,]+/).filter((part) => part !== "");

function listOf(parts: readonly string[]): RootKeyCopy | null {
  const text = parts.join(",");
  const keys = parseRootKeys(text);
  return keys.ok ? { text, keys: keys.value } : null;
}

/** A version that leaves stays on this machine: a restored database may still need it. */
function keepRetired(rootKeyFile: string, before: RootKeyCopy, after: RootKeyCopy): void {
  const stays = new Set(partsOf(after.text));
  const gone = partsOf(before.text).filter((part) => !stays.has(part));
  if (gone.length === 0) return;
  const path = `${rootKeyFile}.retired`;
  const earlier = readSecret(path);
  writeSecret(path, [...(earlier === null ? [] : [earlier]), ...gone].join("\n"));
}

function report(session: Session, keys: RootKeys, rootKeyFile: string): void {
  if (session.dryRun) {
    session.print("dry run: nothing changed");
    return;
  }
  const [newest, ...older] = keys;
  session.print(
    `root key: version ${newest.version} is in use; its copy is ${rootKeyFile}: put it in your vault`,
  );
  if (older.length === 0) return;
  session.print(`older versions, still readable: ${older.map(({ version }) => version).join(", ")}`);
  session.print("next steps:");
  session.print(
    "  1. encrypt again what an older version has encrypted: dome root-key rewrap (docs/keys.md)",
  );
  session.print(
    "  2. a key or operator token moves to the new version at its next use; for those that nobody uses,",
  );
  session.print("     ask the owners to issue new ones");
  session.print(
    "  3. when dome root-key status shows 0 for an older version: npm run cf:rotate -- --retire VERSION",
  );
}
