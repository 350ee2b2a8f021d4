/**
 * The laboratory: the embedded runtime of `npm start` with a Worker that has windows in it (worker/entry.ts), on a
 * temporary folder. A second isolate of the same Worker, on a port of its own, shares the database and the objects and
 * nothing else: one isolate learns of another's changes only by its leases.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Log, LogLevel, Miniflare } from "miniflare";
import { mintKey } from "../../src/credentials/key-format.ts";
import { migrate } from "../../src/embedded/migrate.ts";
import { readMigrations } from "../../src/embedded/migrations.ts";
import { databaseOf, modulesOf, SOCKET_ENTRYPOINT, workerConfig } from "../../src/embedded/runtime.ts";
import { toBase64 } from "../../src/kernel/bytes.ts";
import { systemRandom } from "../../src/kernel/random.ts";
import { deriveKeys, parseRootKeys } from "../../src/secrets/root-key.ts";
import { freePort, temporaryFolder } from "../../test/support/server.ts";
import { bundleWorker } from "../worker-bundle.ts";
import { ask, request, type Address } from "./load.ts";
import { Operator, TOOL } from "./operator.ts";
import { ROOT } from "./place.ts";

const HOST = "127.0.0.1";
const SECOND = "dome-second";

type WorkerOptions = ConstructorParameters<typeof Miniflare>[0]["workers"][number];

/** Times by binding and method, for instance `AGENT.lease`. */
export interface Uses {
  readonly in_the_way: Readonly<Record<string, number>>;
  readonly behind: Readonly<Record<string, number>>;
}

export interface Lab {
  /** The Worker's own socket, as the embedded server has it. */
  readonly address: Address;
  /** Miniflare's entry, which leads to the same isolate. */
  readonly entry: Address;
  /** The other isolate. */
  readonly second: Address;
  readonly operator: Operator;
  /** The id of the workspace `default`. */
  readonly workspace: string;
  readonly database: ReturnType<typeof databaseOf>;
  /** False: decisions of both isolates leave no evidence, so that the rest of a check can be timed alone. */
  keepEvidence(keep: boolean): Promise<void>;
  /** How often the first isolate has used its bindings since its start. */
  uses(): Promise<Uses>;
  /** How often the policy engine of the first isolate has found a set of policies that it keeps, and how often not. */
  sets(): Promise<{ readonly hits: number; readonly misses: number }>;
  stop(): Promise<void>;
}

/** Call `endEverything` of test/support/server.ts at the end: it removes the folder. */
export async function openLab(): Promise<Lab> {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "tmp"));
  const port = await freePort();
  const { rootKey, adminToken } = await newSecrets();
  const vars = {
    DOME_ROOT_KEY: rootKey,
    DOME_ADMIN_TOKEN: adminToken,
    DOME_PUBLIC_URL: `http://${HOST}:${port}`,
    DOME_AUDIT_SINK: "outbox",
    DOME_CORS_ORIGINS: "",
  };
  const config = workerConfig(modulesOf(await bundleWorker("scripts/bench/worker/entry.ts")), vars, false);
  const runtime = new Miniflare({
    host: HOST,
    port: 0,
    resourcePersistencePath: join(folder, "data"),
    resourceTmpPath: join(folder, "tmp"),
    cf: {},
    logRequests: false,
    telemetry: { enabled: false },
    enableDevRegistry: false,
    log: new Log(LogLevel.ERROR),
    handleStructuredLogs: () => undefined,
    workers: [{ config, dev: socketAt(port) }, secondIsolate(config)],
  });
  const entry = addressOf(await runtime.ready);
  const database = databaseOf(runtime);
  const migrated = await migrate(await database, readMigrations(join(ROOT, "migrations")));
  if (!migrated.ok) throw new Error(`the laboratory's database: ${JSON.stringify(migrated.error)}`);

  const address = { host: HOST, port };
  const second = addressOf(await runtime.unsafeGetDirectURL(SECOND, SOCKET_ENTRYPOINT));
  const operator = new Operator(address, adminToken);
  const { id: workspace } = await operator.ask<{ id: string }>("POST", "/api/v1/workspaces", {
    name: "default",
  });
  await operator.ask("POST", "/api/v1/tools", { name: TOOL });
  return {
    address,
    entry,
    second,
    workspace,
    operator,
    database,
    keepEvidence: async (keep) => {
      for (const each of [address, second])
        await ask(each, request(each, "POST", "/bench/evidence", { json: { keep } }));
    },
    uses: async () => JSON.parse((await ask(address, request(address, "GET", "/bench/uses"))).body) as Uses,
    sets: async () =>
      JSON.parse((await ask(address, request(address, "GET", "/bench/sets"))).body) as Awaited<
        ReturnType<Lab["sets"]>
      >,
    stop: () => runtime.dispose(),
  };
}

/** It serves no queue and no schedule; its objects are those of the first. */
function secondIsolate(config: WorkerOptions["config"]): WorkerOptions {
  const { triggers: _triggers, exports: _exports, ...rest } = config;
  return { config: { ...rest, name: SECOND }, dev: socketAt(0) };
}

const socketAt = (port: number): WorkerOptions["dev"] => ({
  unsafeDirectSockets: [{ host: HOST, port, entrypoint: SOCKET_ENTRYPOINT }],
});

const addressOf = ({ hostname, port }: URL): Address => ({ host: hostname, port: Number(port) });

async function newSecrets(): Promise<{ rootKey: string; adminToken: string }> {
  const rootKey = toBase64(systemRandom.bytes(32));
  const parsed = parseRootKeys(rootKey);
  if (!parsed.ok) throw new Error(parsed.error.kind);
  const [{ formKey }] = await deriveKeys(parsed.value);
  return { rootKey, adminToken: await mintKey("operator", formKey, systemRandom) };
}
