/** The Worker: fetch, queue, scheduled, and the Durable Object classes. Nothing else. */
import { createApp } from "./api/app.ts";
import type { RawEnv } from "./env.ts";
import { AgentShell } from "./objects/agent-object.ts";
import { WorkspaceShell } from "./objects/workspace-object.ts";
import { sweep } from "./operations/sweep.ts";
import { consume, objectPorts, services, sweepPorts } from "./wire.ts";

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

export default {
  fetch: (request, raw, context) => app.fetch(request, raw, context),
  queue: (batch, raw) => consume(raw, batch.queue, batch),
  scheduled: async (_controller, raw) => sweep(await sweepPorts(raw)),
} satisfies ExportedHandler<RawEnv>;
