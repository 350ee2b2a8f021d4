/** A Worker alone in a runtime of its own, on a socket of its own: the server behind a tool, or a bare proxy. */
import { Log, LogLevel, Miniflare } from "miniflare";
import { freePort } from "../../test/support/server.ts";
import type { Address } from "./load.ts";

const HOST = "127.0.0.1";

export interface Alone {
  readonly address: Address;
  readonly origin: string;
  stop(): Promise<void>;
}

/** @param text of its one module. `env.NETWORK` reaches every address. */
export async function startAlone(text: string): Promise<Alone> {
  const port = await freePort();
  const runtime = new Miniflare({
    host: HOST,
    port: 0,
    cf: {},
    logRequests: false,
    telemetry: { enabled: false },
    enableDevRegistry: false,
    log: new Log(LogLevel.ERROR),
    workers: [
      {
        config: {
          name: "alone",
          compatibilityDate: "2026-10-20",
          manifest: { mainModule: "index.js", modules: { "index.js": { type: "esm", contents: text } } },
          env: { NETWORK: { type: "network", allow: ["public", "private"] } },
        },
        dev: { unsafeDirectSockets: [{ host: HOST, port }] },
      },
    ],
  });
  await runtime.ready;
  return { address: { host: HOST, port }, origin: `http://${HOST}:${port}`, stop: () => runtime.dispose() };
}
