/** The built Worker on Miniflare, on a port of its own, with a database that has every migration. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readD1Migrations } from "@cloudflare/vitest-plugin";
import { Miniflare } from "miniflare";
import { modulesIn, workerConfig } from "../../src/embedded/runtime.ts";
import { TEST_ADMIN_TOKEN, TEST_ROOT_KEY } from "../support/fixed-secrets.ts";
import { freePort } from "../support/server.ts";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export interface Runtime {
  readonly miniflare: Miniflare;
  /** Where it listens, without a slash at the end. */
  readonly url: string;
  /** Where every one of its doors listens; `url` is the first. */
  readonly doors: readonly string[];
  stop(): Promise<void>;
}

interface RuntimeRequest {
  readonly sink: "queue" | "outbox";
  readonly port?: number;
  readonly publicUrl: string;
  /** A module in the place of the built one, which it imports as `./index.js`. */
  readonly entry?: string;
  /** Origins on this machine that it may fetch from, as DOME_EGRESS_ALLOW has them. */
  readonly egressAllow?: string;
  /**
   * How many Workers serve requests, 1 by default. Each is an isolate of its own, as on machines far apart: they share the
   * database, the objects, which are of the first, and the queue.
   */
  readonly doors?: number;
}

/** One retry and no waiting for a full batch: what takes production minutes takes seconds. */
const consumer = { type: "queue", maxBatchSize: 100, maxBatchTimeout: 0, maxRetries: 1 } as const;

export async function startRuntime(request: RuntimeRequest): Promise<Runtime> {
  const { sink, port = 0, publicUrl, entry, egressAllow = "", doors = 1 } = request;
  const folder = mkdtempSync(join(tmpdir(), "dome-test-"));
  const modules = {
    "entry.js": {
      type: "esm",
      contents: entry ?? 'export * from "./index.js"; export { default } from "./index.js";',
    },
    ...modulesIn(join(ROOT, "dist/worker")),
  } as const;
  const config = workerConfig(modules, {
    DOME_ROOT_KEY: TEST_ROOT_KEY,
    DOME_ADMIN_TOKEN: TEST_ADMIN_TOKEN,
    DOME_PUBLIC_URL: publicUrl,
    DOME_AUDIT_SINK: sink,
    DOME_EGRESS_ALLOW: egressAllow,
  });
  const ports = await Promise.all(Array.from({ length: doors - 1 }, freePort));
  const miniflare = new Miniflare({
    host: "127.0.0.1",
    port,
    resourcePersistencePath: folder,
    cf: {},
    telemetry: { enabled: false },
    enableDevRegistry: false,
    handleStructuredLogs: () => undefined,
    workers: [
      {
        config: {
          ...config,
          manifest: { mainModule: "entry.js", modules },
          triggers: [
            { ...consumer, name: "dome-audit", deadLetterQueue: "dome-audit-dlq" },
            { ...consumer, name: "dome-audit-dlq" },
          ],
        },
      },
      ...ports.map((own, at) => {
        const { exports: _objects, ...rest } = config;
        const manifest = { mainModule: "entry.js", modules };
        return {
          config: { ...rest, name: `door-${at}`, manifest, triggers: [] },
          dev: { unsafeDirectSockets: [{ host: "127.0.0.1", port: own }] },
        };
      }),
    ],
  });
  const url = await miniflare.ready;
  const db = await miniflare.getD1Database("DB", "dome");
  for (const { queries } of await readD1Migrations(join(ROOT, "migrations"))) {
    for (const query of queries) await db.prepare(query).run();
  }
  return {
    miniflare,
    url: url.origin,
    doors: [url.origin, ...ports.map((own) => `http://127.0.0.1:${own}`)],
    stop: async () => {
      await miniflare.dispose();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A call over the network. @throws for anything but a success. */
export async function call<T>(
  url: string,
  method: string,
  path: string,
  credential: string,
  body?: object,
): Promise<T> {
  const answer = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${credential}`, "content-type": "application/json" },
    body: body === undefined ? null : JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return JSON.parse(text) as T;
}
