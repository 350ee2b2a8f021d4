/**
 * The process of the fault run: two isolates of the Worker of `worker/entry.ts` on Miniflare, with their state on disk.
 * Says `ready` and its URL, and serves until it is killed. Started by `process.ts`, at the head of a process group of its
 * own.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Log, LogLevel, Miniflare } from "miniflare";
import { migrate } from "../../../src/embedded/migrate.ts";
import { readMigrations } from "../../../src/embedded/migrations.ts";
import { databaseOf, modulesIn, workerConfig } from "../../../src/embedded/runtime.ts";

const HOST = "127.0.0.1";

export interface LabOrder {
  /** Of the two isolates. */
  readonly ports: readonly [number, number];
  readonly folder: string;
  /** The folder of the built Worker's modules. */
  readonly bundle: string;
  readonly migrations: string;
  readonly vars: Readonly<Record<string, string>>;
}

// Whoever started this has gone: nothing of the group may outlive it.
process.stdin.on("end", () => process.kill(-process.pid, "SIGKILL")).resume();

const order = JSON.parse(process.argv[2] ?? "") as LabOrder;
const tmp = join(order.folder, "tmp");
mkdirSync(tmp, { recursive: true });
const {
  triggers: _nobodyCalls,
  exports,
  ...config
} = workerConfig(modulesIn(order.bundle), order.vars, false);
const env = {
  ...config.env,
  LAB_QUEUE: { type: "durable-object", worker: "dome", exportName: "LabQueue" },
} as const;
const runtime = new Miniflare({
  host: HOST,
  port: order.ports[0],
  resourcePersistencePath: join(order.folder, "data"),
  resourceTmpPath: tmp,
  cf: {},
  logRequests: false,
  telemetry: { enabled: false },
  enableDevRegistry: false,
  log: new Log(LogLevel.NONE),
  handleStructuredLogs: ({ message }) => process.stderr.write(`${message}\n`),
  workers: [
    {
      config: {
        ...config,
        env,
        exports: { ...exports, LabQueue: { type: "durable-object", storage: "sqlite" } },
      },
    },
    // It shares the database and the objects with the first, and nothing else: of a stop it hears by its leases alone.
    {
      config: { ...config, env, name: "dome-second" },
      dev: { unsafeDirectSockets: [{ host: HOST, port: order.ports[1] }] },
    },
  ],
});
const url = await runtime.ready;
const migrated = await migrate(await databaseOf(runtime), readMigrations(order.migrations));
if (!migrated.ok) throw new Error(`the laboratory's database: ${JSON.stringify(migrated.error)}`);
process.stdout.write(`ready ${url.origin}\n`);
