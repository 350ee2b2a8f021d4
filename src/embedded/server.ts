/**
 * Starts the single-machine server. The order matters: nothing is opened before this process holds the folder; nothing
 * is written before the settings match and the port is free; the issuer is fixed once the port is bound; and the Worker
 * does not run on the data of an older schema.
 */
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Miniflare } from "miniflare";
import manifest from "../../package.json" with { type: "json" };
import { rfc3339, systemClock, systemTimers } from "../kernel/clock.ts";
import { consoleLog } from "../kernel/log.ts";
import { systemRandom } from "../kernel/random.ts";
import { ok, type Result } from "../kernel/result.ts";
import { makeDefaultWorkspace } from "./default-workspace.ts";
import { bytesIn, freeBytesOf, ledgerCapacity } from "./ledger-capacity.ts";
import { takeLock, type StateLock } from "./lock.ts";
import { localUrl, testUsersFault, type ServerOptions } from "./options.ts";
import { reasonOf, refuse, systemCode, type Refusal } from "./refusal.ts";
import { portTaken, startDatabase, startWorker, type Place } from "./runtime.ts";
import { startScheduler } from "./scheduler.ts";
import { schemaOf, type Schema } from "./schema.ts";
import {
  emptyTmp,
  openFolder,
  openSecrets,
  readSettings,
  STATE_VERSION,
  writeSettings,
  type Secrets,
  type Settings,
} from "./state.ts";
import { startTestUsers } from "./test-users.ts";

// This file is part of dist/embedded/dome-server.js, beside the built Worker.
const besideThis = (folder: string): string => fileURLToPath(new URL(`../${folder}/`, import.meta.url));
const WORKER_DIR = besideThis("worker");
const SCHEMA = { schema: besideThis("schema"), migrations: besideThis("migrations") };

export const VERSION = manifest.version;

export interface Server {
  /** The URL at which this machine reaches the server. */
  readonly url: string;
  readonly issuer: string;
  readonly adminToken: string;
  /** The issuer of the test users; null when there are none. */
  readonly testIssuer: string | null;
  /** Ends the runtime and releases the folder. */
  stop(): Promise<void>;
}

/** @param onLost called when the runtime has crashed and could not be restarted. */
export async function startServer(
  options: ServerOptions,
  onLost: () => void,
): Promise<Result<Server, Refusal>> {
  process.umask(0o077); // for the files of the runtime too
  const folder = openFolder(options.stateDir);
  if (!folder.ok) return folder;
  const lock = await takeLock(options.stateDir, systemTimers);
  if (!lock.ok) return lock;
  const server = await startLocked(options, lock.value, onLost);
  if (!server.ok) lock.value.release();
  return server;
}

async function startLocked(
  options: ServerOptions,
  lock: StateLock,
  onLost: () => void,
): Promise<Result<Server, Refusal>> {
  const { stateDir, host, port, publicUrl } = options;
  const schema = schemaOf(SCHEMA, stateDir, systemRandom);
  const known = readSettings(stateDir, publicUrl, schema.newest);
  if (!known.ok) return known;
  const forOthers = options.testUsers ? testUsersFault(host, known.value?.public_url ?? publicUrl) : ok(null);
  if (!forOthers.ok) return forOthers;
  const free = await tryPort(host, port);
  if (!free.ok) return free;
  const secrets = await openSecrets(stateDir, known.value === null, systemRandom);
  if (!secrets.ok) return secrets;
  let settings = known.value ?? firstSettings(publicUrl ?? `http://127.0.0.1:${port}`);

  process.env["TMPDIR"] = emptyTmp(stateDir); // a killed runtime leaves its files there instead of in /tmp
  const dataDir = join(stateDir, "data");
  // Without data there is no object whose alarm could meet half a schema, and nobody who has a credential: the database
  // is then made in the runtime of the Worker itself.
  if (settings.schema !== schema.newest && existsSync(dataDir)) {
    const changed = await changeSchema(dataDir, schema);
    if (!changed.ok) return changed;
    settings = { ...settings, schema: schema.newest };
    if (known.value !== null) writeSettings(stateDir, settings);
  }

  const users = options.testUsers ? await startTestUsers(stateDir, port + 1) : ok(null);
  if (!users.ok) return users;
  const testIssuer = users.value?.issuer ?? null;
  const place = { host, port, dataDir, onLost };
  const ready = await startReady(place, options, settings, secrets.value, schema, testIssuer);
  if (!ready.ok) {
    await users.value?.stop();
    return ready;
  }
  const runtime = ready.value;
  const { first_start_done: isDone, schema: written } = settings;
  if (!isDone || written !== schema.newest)
    writeSettings(stateDir, { ...settings, schema: schema.newest, first_start_done: true });

  const stopScheduler = startScheduler({
    worker: () => runtime.getWorker(),
    clock: systemClock,
    timers: systemTimers,
    log: consoleLog,
  });
  const stop = async (): Promise<void> => {
    stopScheduler();
    await runtime.dispose();
    await users.value?.stop();
    lock.release();
  };
  const { adminToken } = secrets.value;
  return ok({ url: localUrl(host, port), issuer: settings.public_url, adminToken, testIssuer, stop });
}

/** The Worker on a database that fits it, with the workspace `default`. */
async function startReady(
  place: Place,
  { stateDir, corsOrigins, egressAllow, clientIpHeader }: ServerOptions,
  settings: Settings,
  { rootKey, adminToken }: Secrets,
  schema: Schema,
  testIssuer: string | null,
): Promise<Result<Miniflare, Refusal>> {
  const testOrigin = testIssuer === null ? [] : [new URL(testIssuer).origin];
  const vars = {
    DOME_ROOT_KEY: rootKey,
    DOME_ADMIN_TOKEN: adminToken,
    DOME_PUBLIC_URL: settings.public_url,
    DOME_AUDIT_SINK: "outbox",
    DOME_CORS_ORIGINS: corsOrigins,
    DOME_EGRESS_ALLOW: [egressAllow, ...testOrigin].filter((part) => part !== "").join(","),
    DOME_TEST_ISSUER: testIssuer ?? "",
    DOME_CLIENT_IP_HEADER: clientIpHeader,
    DOME_LEDGER_CAPACITY: ledgerCapacity(
      process.env["DOME_LEDGER_CAPACITY"] ?? "",
      freeBytesOf(stateDir),
      bytesIn(place.dataDir),
    ),
    DOME_VERSION: VERSION,
    DOME_LOG: process.env["DOME_LOG"] ?? "errors", // on a terminal, a line per request would hide everything else
  };
  const worker = await startWorker(place, WORKER_DIR, vars, schema.worker);
  if (!worker.ok) return worker;
  if (!settings.first_start_done) writeSettings(stateDir, settings);
  // The database itself is checked, because it may have been restored from another backup than the settings.
  const checked = await schema.bring(worker.value);
  const ready =
    checked.ok && !settings.first_start_done
      ? await makeDefaultWorkspace(localUrl(place.host, place.port), adminToken, systemTimers)
      : checked;
  if (ready.ok) return worker;
  await worker.value.dispose();
  return ready;
}

/**
 * The settings of a first start. They are written once the runtime has the port: when two first starts compete for a
 * port, the loser must not have fixed its issuer.
 */
const firstSettings = (issuer: string): Settings => ({
  version: STATE_VERSION,
  public_url: issuer,
  created_at: rfc3339(systemClock.now()),
  schema: null,
  first_start_done: false,
});

/** Binds the port and releases it, so that a start on a used port fails before it has changed anything. */
function tryPort(host: string, port: number): Promise<Result<void, Refusal>> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", (error) => {
      if (systemCode(error) === "EADDRINUSE") resolve(portTaken(host, port));
      else resolve(refuse(`cannot listen on ${host} port ${port}: ${reasonOf(error)}`));
    });
    probe.once("close", () => resolve(ok(undefined)));
    probe.listen({ host, port, exclusive: true }, () => void probe.close());
  });
}

/** Migrates the database while nothing else runs. */
async function changeSchema(dataDir: string, schema: Schema): Promise<Result<void, Refusal>> {
  const database = await startDatabase(dataDir, schema.worker);
  if (!database.ok) return database;
  const changed = await schema.bring(database.value);
  await database.value.dispose();
  return changed;
}
