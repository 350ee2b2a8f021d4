/**
 * The process of the fault run: the Worker of `worker/entry.ts` on Miniflare, with its state on disk. Says `ready` and its
 * URL, and serves until it is killed. Started by `process.ts`, at the head of a process group of its own.
 */
import { readFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { Log, LogLevel, Miniflare } from "miniflare";
import { migrate, readMigrations } from "../../../src/embedded/migrate.ts";
import { databaseOf, workerConfig } from "../../../src/embedded/runtime.ts";

export interface LabOrder {
  readonly port: number;
  readonly folder: string;
  /** Where the built Worker is. */
  readonly bundle: string;
  readonly migrations: string;
  readonly vars: Readonly<Record<string, string>>;
}

// Whoever started this has gone: nothing of the group may outlive it.
process.stdin.on("end", () => process.kill(-process.pid, "SIGKILL")).resume();

const order = JSON.parse(process.argv[2] ?? "") as LabOrder;
const tmp = join(order.folder, "tmp");
mkdirSync(tmp, { recursive: true });
const { triggers: _nobodyCalls, ...config } = workerConfig(
  { "index.js": { type: "esm", contents: readFileSync(order.bundle, "utf8") } },
  order.vars,
);
const runtime = new Miniflare({
  host: "127.0.0.1",
  port: order.port,
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
        exports: { ...config.exports, LabQueue: { type: "durable-object", storage: "sqlite" } },
        env: {
          ...config.env,
          LAB_QUEUE: { type: "durable-object", worker: "dome", exportName: "LabQueue" },
        },
      },
    },
  ],
});
const url = await runtime.ready;
const migrated = await migrate(await databaseOf(runtime), readMigrations(order.migrations));
if (!migrated.ok) throw new Error(`the laboratory's database: ${JSON.stringify(migrated.error)}`);
process.stdout.write(`ready ${url.origin}\n`);
