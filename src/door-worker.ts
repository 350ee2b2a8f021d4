/**
 * The door's Worker in production: only `fetch`. The objects that it calls are in a Worker of their own
 * (src/objects-worker.ts), so that deploying the door restarts none of them.
 */
import { createApp } from "./api/app.ts";
import { cedarModule } from "./cedar-module.ts";
import type { RawEnv } from "./env.ts";
import { newRequestId, services } from "./wire.ts";

const app = createApp((raw, background) => services(raw as RawEnv, background, cedarModule), newRequestId);

const serve = (request: Request, raw: RawEnv, context: ExecutionContext) => app.fetch(request, raw, context);

export default { fetch: serve } satisfies ExportedHandler<RawEnv>;
