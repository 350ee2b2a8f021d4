/** An isolate with objects that answer as told, a sink that writes down in which order things happen, and still time. */
import { LeaseClient } from "../../../src/access/lease-client.ts";
import type { Standing } from "../../../src/access/watchdog.ts";
import type { Recorded } from "../../../src/audit/sink.ts";
import type { AuditDraft } from "../../../src/contract/audit.ts";
import { idSource, type AgentId, type WorkspaceId } from "../../../src/kernel/ids.ts";
import { err, ok } from "../../../src/kernel/result.ts";
import type { TokenState } from "../../../src/lifecycle/admission.ts";
import { LeaseBook } from "../../../src/lifecycle/lease-book.ts";
import type { AgentAnswer, OrgAnswer, WorkspaceAnswer } from "../../../src/lifecycle/lease.ts";
import { ManualTime } from "../../support/manual-timers.ts";

export const AGENT: AgentId = "agt_01k9v3m8q2x7n5r4t6w0y1z2a3";
export const WORKSPACE: WorkspaceId = "wsp_01k9v3m8q2x7n5r4t6w0y1z2a3";
export const STATE: TokenState = {
  workspace: WORKSPACE,
  chain: [{ agent: AGENT, epoch: 2, key: "key_1" }],
  haltEpoch: 1,
  path: [],
};

export interface World {
  agent: AgentAnswer;
  workspace: WorkspaceAnswer;
  org: OrgAnswer;
  /** What the objects do when asked: answer, never answer, or fail. */
  objects: "answer" | "hang" | "fail";
  /** Whether records become durable. */
  durable: boolean;
  /** Runs after a record was taken and before its writer hears so. */
  afterRecord: (draft: AuditDraft) => void | Promise<void>;
}

export function isolate() {
  const time = new ManualTime(1_000_000);
  const world: World = {
    agent: {
      state: "active",
      epoch: 2,
      keys: [{ id: "key_1", ttl_ms: null }],
      record_version: 1,
      revoked: [],
      ttl_ms: 2000,
    },
    workspace: {
      config_epoch: 1,
      halt_epoch: 1,
      halted: false,
      stopped_users: [],
      stopped_txns: [],
      ttl_ms: 2000,
    },
    org: { config_epoch: 1, ttl_ms: 2000 },
    objects: "answer",
    durable: true,
    afterRecord: () => undefined,
  };
  const asked: string[] = [];
  const answer = <A>(name: string, give: () => A): Promise<A> => {
    asked.push(name);
    if (world.objects === "answer") return Promise.resolve(give());
    return world.objects === "fail" ? Promise.reject(new Error("away")) : new Promise<A>(() => undefined);
  };
  const background: Promise<unknown>[] = [];
  const leases = new LeaseClient({
    source: {
      agent: () => answer("agent", () => world.agent),
      workspace: () => answer("workspace", () => world.workspace),
      org: () => answer("org", () => world.org),
    },
    books: {
      agents: new LeaseBook(),
      workspaces: new LeaseBook(),
      org: new LeaseBook(),
    },
    clock: time,
    timers: time,
    random: { bytes: (length) => new Uint8Array(length) },
    background: (work) => background.push(work),
  });
  const records: AuditDraft[] = [];
  const sink = {
    record: async (draft: AuditDraft) => {
      if (!world.durable) return err({ kind: "audit_unavailable" as const });
      records.push(draft);
      await world.afterRecord(draft);
      return ok(draft as Recorded);
    },
  };
  let drawn = 0;
  const random = { bytes: (length: number) => new Uint8Array(length).fill((drawn += 1)) };
  const ports = {
    clock: time,
    timers: time,
    ids: idSource(time, random),
    sink,
    leases,
    background: (work: Promise<unknown>) => {
      background.push(work);
    },
  };
  return { time, world, asked, leases, records, ports, background };
}

/** What an act is judged on in a world that nobody has changed, and stays judged on. */
export const STANDING: Standing = {
  under: { records: [1], configEpoch: 1, orgEpoch: 1 },
  again: () => Promise.reject(new Error("nothing has changed")),
};

export const stopped = (world: World): void => {
  world.agent = { ...world.agent, state: "suspended", epoch: 3, ttl_ms: 750 };
};

export const draining = (world: World, deadlineMs: number): void => {
  // oxlint-disable-next-line unicorn/no-thenable -- the word of the interface, and no function
  world.agent = { ...world.agent, draining: { deadline_ms: deadlineMs, then: "suspended" } };
};
