/** The Worker: fetch, queue, scheduled, and the Durable Object classes. Nothing else. */
import { createApp } from "./api/app.ts";
import { closedDoor, embeddedDoor } from "./api/embedded-door.ts";
import { isEmbedded, type RawEnv } from "./env.ts";
import { AgentShell } from "./objects/agent-object.ts";
import { WorkspaceShell } from "./objects/workspace-object.ts";
import { sweep } from "./operations/sweep.ts";
import { consume, newRequestId, objectPorts, services, sweepPorts } from "./wire.ts";

export { LedgerObject } from "./objects/ledger-object.ts";

export class AgentObject extends AgentShell {
  constructor(state: DurableObjectState, raw: RawEnv) {
    super(state, raw, objectPorts(raw));
  }
}

export class WorkspaceObject extends WorkspaceShell {
  constructor(state: DurableObjectState, raw: RawEnv) {
    super(state, raw, objectPorts(raw));
  }
}

const app = createApp((raw, background) => services(raw as RawEnv, background));

const serve = (request: Request, raw: RawEnv, context: ExecutionContext) => app.fetch(request, raw, context);

/**
 * What the embedded server's socket stands on. It has no `queue` and no `scheduled`: whoever reaches the socket can call
 * each function of its entrypoint without a credential (src/embedded/runtime.ts).
 */
export const EmbeddedDoor = {
  fetch: embeddedDoor(serve, newRequestId),
} satisfies ExportedHandler<RawEnv>;

export default {
  fetch: (request, raw, context) =>
    isEmbedded(raw) ? closedDoor(newRequestId()) : serve(request, raw, context),
  queue: (batch, raw) => consume(raw, batch.queue, batch),
  scheduled: async (_controller, raw) => sweep(await sweepPorts(raw)),
} satisfies ExportedHandler<RawEnv>;
