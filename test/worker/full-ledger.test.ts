/**
 * A ledger that takes nothing more: nothing is decided, because its record could not be kept (P8), and everything that
 * ends something goes on (P3). What it leaves for the trail waits in the outboxes, and arrives when there is room.
 */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { AuditKind } from "../../src/contract/audit-kinds.ts";
import { operatorCreated } from "../../src/contract/operator.ts";
import { leaveAllRoom, leaveRoom } from "../support/full-storage.ts";
import { basic, revoke } from "../support/oauth-doors.ts";
import {
  agentObject,
  check,
  eventually,
  freshWorkspace,
  ids,
  operator,
  requestToken,
  token,
  workspaceObject,
  type Registered,
} from "../support/worker-api.ts";

const api = operator();
const ask = { tool: "crm" };
let home: string;
let workspaceId: string;
let agents: Record<"suspended" | "revoked" | "keyless" | "tokenless" | "drained" | "idle", Registered>;
let held: string;
let operatorTokenId: string;

const ledgers = () => [workspaceId, "org"].map((name) => env.LEDGER.get(env.LEDGER.idFromName(name)));
const owners = () => [
  ...Object.values(agents).map(({ id }) => agentObject(id)),
  workspaceObject(workspaceId),
  workspaceObject("org"),
];

/** The kinds of all records that the two ledgers have. */
async function trail(): Promise<string[]> {
  const kinds: string[] = [];
  for (const ledger of ledgers()) {
    await runInDurableObject(ledger, (_object, { storage: { sql } }) => {
      for (const { kind } of sql.exec<{ kind: string }>("SELECT kind FROM entries")) kinds.push(kind);
    });
  }
  return kinds;
}

/** Lets every object try again now to deliver what waits. */
async function deliverNow(): Promise<void> {
  for (const owner of owners()) {
    await runInDurableObject(owner, (_object, { storage: { sql } }) => {
      sql.exec("UPDATE timers SET due = 0 WHERE kind IN ('outbox', 'd1_outbox')");
    });
    await runDurableObjectAlarm(owner);
  }
}

beforeAll(async () => {
  for (const level of ["warn", "error"] as const) vi.spyOn(console, level).mockReturnValue(undefined);
  home = await freshWorkspace();
  await api.addTool({ name: "crm", workspace: home });
  const start = (name: string) => api.start({ name, workspace: home, surface: { tools: ["crm"] } });
  agents = {
    suspended: await start("suspended"),
    revoked: await start("revoked"),
    keyless: await start("keyless"),
    tokenless: await start("tokenless"),
    drained: await start("drained"),
    idle: await start("idle"),
  };
  workspaceId = agents.idle.created.agent.workspace_id;
  held = await token(agents.tokenless.secret);
  const made = await api.call("POST", "/operators", {
    body: { subject: "leaver", role: "auditor", workspaces: [home] },
  });
  operatorTokenId = operatorCreated.parse(made.body).operator_token.id;
});

afterAll(async () => {
  for (const ledger of ledgers()) await leaveAllRoom(ledger);
});

const post = (path: string, body: object = {}) => api.call("POST", path, { body });

/** What ends something, and the record that it leaves. In this order: the halt of the workspace stops everybody. */
const STOPS: readonly (readonly [AuditKind, () => Promise<{ readonly status: number }>])[] = [
  ["agent.suspended", () => post(`/agents/${agents.suspended.id}/suspend`, { reason: "drill" })],
  ["agent.revoked", () => post(`/agents/${agents.revoked.id}/revoke`)],
  ["agent.draining", () => post(`/agents/${agents.drained.id}/suspend`, { drain_seconds: 600 })],
  ["key.revoked", () => api.call("DELETE", `/agents/${agents.keyless.id}/keys/${agents.keyless.key}`)],
  ["token.revoked", () => revoke(basic(agents.tokenless.id, agents.tokenless.secret), held)],
  ["user.stopped", () => post(`/workspaces/${home}/users/stop`, { user: `usr_${"a".repeat(26)}` })],
  ["transaction.stopped", () => post(`/workspaces/${home}/transactions/${ids.next("txn")}/stop`)],
  ["operator.revoked", () => api.call("DELETE", `/operators/${operatorTokenId}`)],
  ["workspace.halted", () => post(`/workspaces/${home}/halt`)],
];

it("decides nothing while the ledger is full, and ends everything that is to be ended; its records arrive when there is room (P3, P8)", async () => {
  await eventually(async () =>
    expect(await trail()).toEqual(expect.arrayContaining(["token.issued", "operator.created"])),
  );
  for (const ledger of ledgers()) await leaveRoom(ledger, 0);
  for (const owner of [workspaceObject(workspaceId), workspaceObject("org")]) {
    await owner.noteEvidence({ level: "full", at: Date.now() });
  }

  await eventually(async () => {
    expect((await check(agents.idle.secret, ask)).status).toBe(503);
    expect((await requestToken(agents.idle.secret)).status).toBe(503);
  });
  expect((await post("/agents", { name: "late", workspace: home })).status).toBe(503);

  for (const [kind, stop] of STOPS) {
    const { status } = await stop();
    expect({ kind, done: status === 200 || status === 202 }).toEqual({ kind, done: true });
  }
  expect((await api.show(agents.suspended.id)).state).toBe("suspended");
  expect((await api.show(agents.revoked.id)).state).toBe("revoked");
  expect((await api.showWorkspace(home)).halted).toBe(true);
  expect((await check(held, ask)).status).toBe(401);

  await deliverNow();
  const kinds = new Set<string>(STOPS.map(([kind]) => kind));
  const recorded = async (): Promise<string[]> => (await trail()).filter((kind) => kinds.has(kind));
  expect(await recorded()).toEqual([]);

  for (const ledger of ledgers()) await leaveAllRoom(ledger);
  await deliverNow();
  await eventually(async () => expect((await recorded()).toSorted()).toEqual([...kinds].toSorted()));
});
