/**
 * The objects' Worker in production: the Durable Object classes, the queue consumers and the schedule. Deploying it
 * restarts every object, so it is deployed when its own code has changed.
 */
import type { RawEnv } from "./env.ts";
import { AgentShell } from "./objects/agent-object.ts";
import { LedgerShell } from "./objects/ledger-object.ts";
import { WorkspaceShell } from "./objects/workspace-object.ts";
import { sweep } from "./operations/sweep.ts";
import { consume, ledgerDeps, objectDeps, sweepPorts } from "./wire.ts";

export class AgentObject extends AgentShell {
  constructor(state: DurableObjectState, raw: RawEnv) {
    super(state, raw, objectDeps(raw));
  }
}

export class WorkspaceObject extends WorkspaceShell {
  constructor(state: DurableObjectState, raw: RawEnv) {
    super(state, raw, objectDeps(raw));
  }
}

export class LedgerObject extends LedgerShell {
  constructor(state: DurableObjectState, raw: RawEnv) {
    super(state, raw, ledgerDeps(raw));
  }
}

export default {
  queue: (batch, raw) => consume(raw, batch.queue, batch),
  scheduled: async (_controller, raw) => sweep(await sweepPorts(raw)),
} satisfies ExportedHandler<RawEnv>;
