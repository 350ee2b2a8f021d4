/**
 * Another isolate of the same Worker: the same database and objects, its own leases and caches. Its composition root is
 * loaded a second time, so what it knows and what the first one knows are as separate as on two machines.
 */
import { cedarModule } from "../../src/cedar-module.ts";
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { createApp } from "../../src/api/app.ts";
import type { RawEnv } from "../../src/env.ts";
import type * as composition from "../../src/wire.ts";
import type { Door } from "./worker-api.ts";

let isolates = 1;

/**
 * @param bindings its own, where it is to have others.
 * @returns the door of a fresh isolate.
 */
export async function anotherIsolate(bindings: RawEnv = env): Promise<Door> {
  const path = `../../src/wire.ts?isolate=${(isolates += 1)}`;
  const wire = (await import(/* @vite-ignore */ path)) as typeof composition;
  const app = createApp(
    (raw, background) => wire.services(raw as RawEnv, background, cedarModule),
    wire.newRequestId,
  );
  return async (request) => app.fetch(request, bindings, createExecutionContext());
}
