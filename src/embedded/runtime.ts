/**
 * The Worker on Miniflare, with the bindings of wrangler.toml on the local disk. Two things differ from production.
 * Miniflare's queue is only in memory, so the audit sink writes to the `outbox` instead. Miniflare does not call the
 * scheduled handler; scheduler.ts does. Alarms are on disk and fire after a restart by themselves.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Miniflare, MiniflareOptions, WorkerdStructuredLog } from "miniflare";
import { defined } from "../kernel/defined.ts";
import { consoleLog } from "../kernel/log.ts";
import { redact } from "../kernel/redact.ts";
import { ok, type Result } from "../kernel/result.ts";
import { RATE_LIMITS } from "./rate-limits.ts";
import { firstLine, reasonOf, refuse, systemCode, type Refusal } from "./refusal.ts";
import { isNoise } from "./runtime-report.ts";

export const COMPATIBILITY_DATE = "2026-10-20";
/** As in wrangler.toml: a request's signal is aborted when its client has gone. */
const COMPATIBILITY_FLAGS = ["enable_request_signal"];
/** The schedule of the scheduled handler, as in production. */
export const CRON = "* * * * *";
const WORKER = "dome";
const LOOPBACK = "127.0.0.1";
export const DATABASE = { type: "d1", id: "dome" } as const;

export type WorkerOptions = MiniflareOptions["workers"][number];
type WorkerConfig = WorkerOptions["config"];
type Modules = NonNullable<WorkerConfig["manifest"]>["modules"];

/** Without it, workerd trusts no certificate at all. */
const BROWSER_CAS = { trustBrowserCas: true };
/**
 * The two networks for calls to other servers (src/egress). When workerd connects, it checks the address that a name
 * resolved to. The first network refuses inside addresses, even for a public name that meant another address a moment
 * ago. The second also reaches loopback and private networks, and is used only for origins of `--egress-allow`.
 */
const NETWORKS: WorkerConfig["env"] = {
  EGRESS_PUBLIC: { type: "network", allow: ["public"], tlsOptions: BROWSER_CAS },
  EGRESS_LISTED: { type: "network", allow: ["public", "private"], tlsOptions: BROWSER_CAS },
};

/**
 * The entrypoint behind the server's socket. Miniflare lets any client open a Cap'n Proto connection on such a socket
 * (`CONNECT miniflare-unsafe-internal-capnp-connect`) and call every function of the entrypoint without a credential.
 * On the default entrypoint these include `queue()` and `scheduled()`; this one has only `fetch`.
 */
export const SOCKET_ENTRYPOINT = "EmbeddedDoor";
/**
 * Tells the Worker that it is embedded. It then refuses requests through Miniflare's own entry, which listens on a
 * random port.
 */
const EMBEDDED = { DOME_EMBEDDED: "yes" };

/** The environment variables of the Worker. */
type WorkerVars = Readonly<Record<string, string>>;

export interface Place {
  readonly host: string;
  readonly port: number;
  /** The folder with the data of D1 and the objects. */
  readonly dataDir: string;
  /** Called when workerd has crashed and could not be restarted. After a single crash it is restarted silently. */
  readonly onLost: () => void;
}

/**
 * Starts the Worker and waits until it listens.
 * @param workerDir the built Worker: `index.js` and what it imports.
 * @param beside another Worker of the same runtime, without a socket.
 */
export function startWorker(
  place: Place,
  workerDir: string,
  vars: WorkerVars,
  beside: WorkerOptions,
): Promise<Result<Miniflare, Refusal>> {
  const { host, port } = place;
  const dome: WorkerOptions = {
    config: workerConfig(modulesIn(workerDir), { ...vars, ...EMBEDDED }),
    dev: { unsafeDirectSockets: [{ host, port, entrypoint: SOCKET_ENTRYPOINT }] },
  };
  return start(place, [dome, beside]);
}

/**
 * The bindings of wrangler.toml in Miniflare's configuration.
 * @param limited false for no rate limits, for a benchmark at full load.
 */
export function workerConfig(modules: Modules, vars: WorkerVars, limited = true): WorkerConfig {
  const object = (exportName: string) => ({ type: "durable-object" as const, worker: WORKER, exportName });
  const consumer = { type: "queue" as const, maxBatchSize: 100, maxBatchTimeout: 1 };
  return {
    name: WORKER,
    compatibilityDate: COMPATIBILITY_DATE,
    compatibilityFlags: COMPATIBILITY_FLAGS,
    manifest: { mainModule: "index.js", modules },
    exports: {
      AgentObject: { type: "durable-object", storage: "sqlite" },
      WorkspaceObject: { type: "durable-object", storage: "sqlite" },
      LedgerObject: { type: "durable-object", storage: "sqlite" },
    },
    env: {
      AGENT: object("AgentObject"),
      WORKSPACE: object("WorkspaceObject"),
      LEDGER: object("LedgerObject"),
      DB: DATABASE,
      ...NETWORKS,
      AUDIT_QUEUE: { type: "queue", name: "dome-audit" },
      ...defined({ DOME_RATE_LIMITS: limited ? ({ type: "json", value: RATE_LIMITS } as const) : undefined }),
      ...Object.fromEntries(
        Object.entries(vars).map(([name, value]) => [name, { type: "text" as const, value }]),
      ),
    },
    triggers: [
      { ...consumer, name: "dome-audit", maxRetries: 100, deadLetterQueue: "dome-audit-dlq" },
      { ...consumer, name: "dome-audit-dlq", maxRetries: 100 },
      { type: "scheduled", schedule: CRON },
    ],
  };
}

/**
 * Starts a Worker with the database and without Dome, on a random port: the schema is changed here, before the new code
 * runs and before an alarm or a caller can meet half of it.
 */
export const startDatabase = (dataDir: string, worker: WorkerOptions): Promise<Result<Miniflare, Refusal>> =>
  start({ host: LOOPBACK, port: 0, dataDir, onLost: () => undefined }, [worker]);

/** The Worker's D1, as the binding `DB`. */
export const databaseOf = (runtime: Miniflare) => runtime.getD1Database("DB", WORKER);

async function start(
  { host, port, dataDir, onLost }: Place,
  workers: WorkerOptions[],
): Promise<Result<Miniflare, Refusal>> {
  const { Miniflare: Runtime, Log, LogLevel } = await import("miniflare"); // loaded late: the largest file
  const log = new (class extends Log {
    override warn(message: string): void {
      consoleLog.write("warn", "runtime", { message: firstLine(message) });
    }
    override error(fault: Error): void {
      consoleLog.write("error", "runtime", { message: firstLine(fault.message) });
      runtime.ready.catch(onLost);
    }
  })(LogLevel.WARN);
  const runtime: Miniflare = new Runtime({
    host: LOOPBACK, // Miniflare's own entry; only this process may use it, with a secret
    port: 0,
    resourcePersistencePath: dataDir,
    cf: {}, // no invented location: the default is Austin, Texas
    logRequests: false,
    telemetry: { enabled: false },
    enableDevRegistry: false, // it would give other local Workers access to every object, unauthenticated
    log,
    handleStructuredLogs: printLog,
    workers,
  });
  try {
    await runtime.ready;
    return ok(runtime);
  } catch (error) {
    await runtime.dispose().catch(() => undefined);
    if (systemCode(error) === "ERR_ADDRESS_IN_USE") return portTaken(host, port);
    return refuse(`the runtime did not start: ${runtimeFault(error)}`);
  }
}

export const portTaken = (host: string, port: number): Result<never, Refusal> =>
  refuse(`port ${port} on ${host} is in use; stop the program that uses it, or choose another --port`);

/**
 * Prints the Worker's log lines unchanged, and the first line of the runtime's own messages, which may contain a stack
 * trace.
 */
function printLog({ level, message }: WorkerdStructuredLog): void {
  if (isNoise(message)) return;
  const line = message.startsWith("{")
    ? message
    : JSON.stringify({ level, event: "runtime", message: firstLine(message) });
  const out = level === "error" || level === "warn" ? process.stderr : process.stdout;
  out.write(`${redact(line)}\n`);
}

/** Miniflare puts the output of workerd after a line of its own. */
function runtimeFault(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const printed = text.split("Runtime stderr:\n")[1];
  return redact(printed === undefined ? reasonOf(error) : firstLine(printed));
}

/** The modules of a built Worker, from its folder. */
export const modulesIn = (dir: string): Modules =>
  modulesOf(readdirSync(dir).map((name) => [name, readFileSync(join(dir, name))]));

/** @param files the files of a built Worker by their names. */
export function modulesOf(files: Iterable<readonly [string, Uint8Array]>): Modules {
  const modules: Modules = {};
  for (const [name, content] of files) {
    if (name.endsWith(".js")) modules[name] = { type: "esm", contents: new TextDecoder().decode(content) };
    if (name.endsWith(".wasm")) modules[name] = { type: "wasm", contents: new Uint8Array(content) };
  }
  return modules;
}
