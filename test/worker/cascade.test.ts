/** A stop that takes a family with it: complete, effective when all are, and safe from crashes at any point (P3). */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { Halt } from "../../src/contract/halt.ts";
import { verifyHaltReceipt } from "../../src/tokens/halt-receipt.ts";
import { crash } from "../support/crash.ts";
import { TEST_ISSUER } from "../support/fixed-secrets.ts";
import { hurried } from "../support/moved-time.ts";
import { jwks } from "../support/published-keys.ts";
import {
  eventually,
  freshWorkspace,
  heard,
  operator,
  operatorToken,
  problemOf,
  whenEffective,
  type Registered,
} from "../support/worker-api.ts";

const api = operator();

interface Family {
  readonly workspace: string;
  readonly root: Registered;
  readonly child: Registered;
  readonly sibling: Registered;
  readonly grandchild: Registered;
  readonly stranger: Registered;
}

const member = (workspace: string, name: string, parent: Registered | null): Promise<Registered> =>
  api.start({ name, workspace, surface: { tools: ["crm"] }, parent: parent?.id ?? null });

async function family(): Promise<Family> {
  const workspace = await freshWorkspace("family");
  await api.addTool({ workspace, name: "crm" });
  const root = await member(workspace, "root", null);
  const child = await member(workspace, "child", root);
  const sibling = await member(workspace, "sibling", root);
  const grandchild = await member(workspace, "grandchild", child);
  return { workspace, root, child, sibling, grandchild, stranger: await member(workspace, "stranger", null) };
}

const stopAll = (root: Registered, command: "suspend" | "revoke", more: object = {}) =>
  api.stop(root.id, command, { body: { cascade: true, reason: "runaway", ...more } });

const receiptOf = (root: Registered, halt: string | undefined): Promise<Halt> =>
  whenEffective(async () => {
    const read = await api.halt(root.id, halt ?? "");
    if (read.effective_at === null) throw new Error(JSON.stringify(read.cascade));
    return read;
  });

const states = (...agents: Registered[]): Promise<string[]> =>
  Promise.all(agents.map(async ({ id }) => (await api.show(id)).state));

const effectiveHalts = async (agent: Registered): Promise<Halt[]> => {
  const { body } = await api.call("GET", `/agents/${agent.id}/halts`);
  return (body as { items: Halt[] }).items;
};

describe("a stop with cascade", () => {
  it("stops every descendant under the root's reason, and is effective when all are (P3)", async () => {
    const { workspace, root, child, sibling, grandchild, stranger } = await family();
    for (const { secret } of [root, child, sibling, grandchild]) {
      expect(await heard(secret, { tool: "crm" })).toBe("permitted");
    }
    const answer = await stopAll(root, "suspend");
    expect(answer).toMatchObject({ state: "suspended", changed: true });
    expect(answer.halt).toMatchObject({ effective_at: null, cascade: { committed: 1, complete: false } });

    const receipt = await receiptOf(root, answer.halt?.id);
    expect(receipt.cascade).toEqual({ total: 4, committed: 4, effective: 4, complete: true });
    expect(receipt.agents.map(({ agent, epoch }) => [agent, epoch])).toEqual([
      [root.id, 3],
      ...[child, sibling, grandchild]
        .map(({ id }) => id)
        .toSorted((a, b) => a.localeCompare(b))
        .map((id) => [id, 3]),
    ]);
    expect(receipt.effective_in_ms).toBe(0);
    expect(receipt.last_admitted).not.toBeNull();
    for (const each of [child, sibling, grandchild]) {
      const [halt] = await effectiveHalts(each);
      expect(halt).toMatchObject({
        cause: { agent: root.id, halt: receipt.id },
        reason: "runaway",
        operator: receipt.operator,
      });
      expect(Date.parse(halt?.effective_at ?? "")).toBeLessThanOrEqual(
        Date.parse(receipt.effective_at ?? ""),
      );
    }
    for (const { secret } of [root, child, sibling, grandchild]) {
      expect(await heard(secret, { tool: "crm" })).toBe(401);
    }
    expect(await heard(stranger.secret, { tool: "crm" })).toBe("permitted");
    const verified = await verifyHaltReceipt(receipt.receipt ?? "", {
      issuer: TEST_ISSUER,
      keys: await jwks(),
    });
    expect(verified).toMatchObject({ ok: true, value: { halt: { cascade: { total: 4, complete: true } } } });

    const stopped = await api.auditWith(4, { workspace, kind: "agent.suspended" });
    expect(stopped).toHaveLength(4);
    const effective = await api.auditWith(4, { workspace, kind: "halt.effective" });
    expect(effective.find((entry) => entry.target?.id === receipt.id)?.data).toMatchObject({
      cascade: { total: 4, effective: 4 },
    });
    expect(effective).toHaveLength(4);
  });

  it("is waited for with ?wait=effective until the last descendant's stop is", async () => {
    const { root, grandchild } = await family();
    const answer = await api.stop(root.id, "suspend?wait=effective", { body: { cascade: true } });
    expect(answer.effective_in_ms).toBe(0);
    expect(answer.halt?.cascade).toMatchObject({ total: 4, complete: true });
    const [halt] = await effectiveHalts(grandchild);
    expect(halt?.effective_at).not.toBeNull();
  });

  it("revokes those who are provisioned or suspended too, and leaves the revoked as they are (P5)", async () => {
    const { workspace, root, child, sibling, grandchild } = await family();
    await api.stop(sibling.id, "revoke");
    await api.stop(grandchild.id, "suspend");
    const unborn = await api.register({ name: "unborn", workspace, parent: child.id });
    const [earlier] = await effectiveHalts(sibling);
    await receiptOf(root, (await stopAll(root, "revoke")).halt?.id);
    expect(await states(root, child, sibling, grandchild, unborn)).toEqual(
      Array.from({ length: 5 }, () => "revoked"),
    );
    expect((await effectiveHalts(sibling)).map(({ id }) => id)).toEqual([earlier?.id]);
  });

  it("leaves provisioned agents alone when it suspends: they do not run", async () => {
    const { workspace, root, child } = await family();
    const unborn = await api.register({ name: "unborn", workspace, parent: child.id });
    const receipt = await receiptOf(root, (await stopAll(root, "suspend")).halt?.id);
    expect(await states(unborn)).toEqual(["provisioned"]);
    expect(receipt.cascade?.total).toBe(5);
    const late = await api.call("POST", "/agents", { body: { name: "late", workspace, parent: child.id } });
    expect(problemOf(late)).toMatchObject({ status: 409, code: "parent_stopped" });
  });

  it("catches who has come in since it walked through the family, and is not complete before (P3)", async () => {
    const { workspace, root, stranger } = await family();
    const alone = await member(workspace, "alone", null);
    await api.register({ name: "unborn", workspace, parent: alone.id });
    const { halt } = await stopAll(alone, "suspend");
    await eventually(async () =>
      expect((await api.halt(alone.id, halt?.id ?? "")).cascade).toMatchObject({ committed: 2 }),
    );
    // As a change does that has asked the ancestors before the stop, and lands after it.
    await env.DB.prepare("UPDATE agents SET parent_id = ? WHERE id = ?").bind(alone.id, stranger.id).run();
    const receipt = await receiptOf(alone, halt?.id);
    expect(receipt.cascade).toMatchObject({ total: 3, complete: true });
    expect(await states(stranger, root)).toEqual(["suspended", "active"]);
  });

  it("lets nobody of the family resume while it runs, nor afterwards", async () => {
    const { root, child } = await family();
    const { halt } = await stopAll(root, "suspend");
    await eventually(async () => expect(await states(child)).toEqual(["suspended"]));
    const resume = () => api.call("POST", `/agents/${child.id}/resume`, { body: { reason: "again" } });
    expect(problemOf(await resume())).toMatchObject({ status: 409, code: "parent_stopped" });
    await receiptOf(root, halt?.id);
    expect(problemOf(await resume())).toMatchObject({ status: 409, code: "parent_stopped" });
  });

  it("reaches the family of an agent that was stopped alone before", async () => {
    const { root, child } = await family();
    await api.stop(root.id, "suspend?wait=effective");
    const { halt } = await stopAll(root, "suspend");
    expect(halt).not.toBeNull();
    await receiptOf(root, halt?.id);
    expect(await states(child)).toEqual(["suspended"]);
  });

  it("is not undone by a resume: who is resumed is resumed alone", async () => {
    const { root, child, grandchild } = await family();
    await receiptOf(root, (await stopAll(root, "suspend")).halt?.id);
    await api.resume(root.id);
    expect(await states(root, child, grandchild)).toEqual(["active", "suspended", "suspended"]);
  });

  it("does not weaken a revocation that a descendant drains towards", async () => {
    const { root, child } = await family();
    await api.stop(child.id, "revoke", { body: { drain_seconds: 600 } });
    await receiptOf(root, (await stopAll(root, "suspend")).halt?.id);
    expect(await states(child)).toEqual(["revoked"]);
  });

  it("begins after a drain: the family works until the deadline, and stops with the root", async () => {
    const { root, child } = await family();
    const answer = await stopAll(root, "suspend", { drain_seconds: 2 });
    expect(await heard(root.secret, { tool: "crm" })).toBe(503);
    expect(await heard(child.secret, { tool: "crm" })).toBe("permitted");
    const receipt = await receiptOf(root, answer.draining?.halt);
    expect(receipt.cascade).toMatchObject({ total: 4, complete: true });
    expect(await heard(child.secret, { tool: "crm" })).toBe(401);
  });

  it("is for roles that may stop the agents of others, and for nobody else", async () => {
    const { workspace, root } = await family();
    const as = (role: "developer" | "security", subject: string) =>
      operatorToken({ role, subject, workspaces: [workspace] }).then((secret) => operator(secret));
    const owner = root.created.agent.owner;
    const body = { cascade: true };
    const developer = await as("developer", owner);
    expect(problemOf(await developer.call("POST", `/agents/${root.id}/suspend`, { body })).status).toBe(403);
    expect((await developer.call("POST", `/agents/${root.id}/suspend`, { body: {} })).status).toBe(202);
    const security = await as("security", "s@example.com");
    expect((await security.call("POST", `/agents/${root.id}/suspend`, { body })).status).toBe(202);
  });
});

describe("a cascade goes on, and ends once, when", () => {
  it("the root's object crashes whenever its progress has moved", async () => {
    const { root, child, sibling, grandchild } = await family();
    const { halt } = await stopAll(root, "suspend");
    let seen = "";
    let crashes = 0;
    const receipt = await hurried(
      eventuallyLong(async () => {
        const read = await api.halt(root.id, halt?.id ?? "");
        const moved = JSON.stringify(read.cascade);
        if (read.effective_at === null && moved !== seen) {
          seen = moved;
          crashes += 1;
          await crash(root.id);
        }
        if (read.effective_at === null) throw new Error(moved);
        return read;
      }),
    );
    expect(crashes).toBeGreaterThanOrEqual(2);
    expect(receipt.cascade).toEqual({ total: 4, committed: 4, effective: 4, complete: true });
    expect(await states(child, sibling, grandchild)).toEqual(["suspended", "suspended", "suspended"]);
    // One stop each: a cascade that starts over finds who has stopped already.
    for (const each of [child, sibling, grandchild]) expect(await effectiveHalts(each)).toHaveLength(1);
    await crash(root.id);
    expect(await api.halt(root.id, receipt.id)).toMatchObject({ effective_at: receipt.effective_at });
  }, 60_000);

  it("the root's object crashes at once, before it has read the tree", async () => {
    const { root, grandchild } = await family();
    const { halt } = await stopAll(root, "revoke");
    await crash(root.id);
    await receiptOf(root, halt?.id);
    expect(await states(grandchild)).toEqual(["revoked"]);
  }, 30_000);

  it("a descendant's object crashes while its stop waits: the root waits for it again (P3)", async () => {
    const { root, grandchild } = await family();
    const { halt } = await stopAll(root, "suspend");
    await eventually(async () => expect(await states(grandchild)).toEqual(["suspended"]));
    await crash(grandchild.id);
    const receipt = await receiptOf(root, halt?.id);
    const [own] = await effectiveHalts(grandchild);
    expect(Date.parse(own?.effective_at ?? "")).toBeLessThanOrEqual(Date.parse(receipt.effective_at ?? ""));
  }, 30_000);

  it("the registry cannot be read for a while: the root is stopped meanwhile, and the receipt is open", async () => {
    const { root, child } = await family();
    for (const { secret } of [root, child]) expect(await heard(secret, { tool: "crm" })).toBe("permitted");
    await env.DB.prepare("ALTER TABLE agents RENAME TO agents_away").run();
    try {
      const { halt } = await stopAll(root, "suspend");
      await eventually(async () => expect(await heard(root.secret, { tool: "crm" })).toBe(401));
      const read = await api.halt(root.id, halt?.id ?? "");
      expect(read).toMatchObject({ effective_at: null, cascade: { committed: 1, complete: false } });
      expect(await heard(child.secret, { tool: "crm" })).toBe("permitted");
    } finally {
      await env.DB.prepare("ALTER TABLE agents_away RENAME TO agents").run();
    }
    await eventuallyLong(async () => expect(await states(child)).toEqual(["suspended"]));
  }, 40_000);
});

/** As `eventually`, for what waits for several stops, one after the other. */
async function eventuallyLong<T>(look: () => Promise<T>): Promise<T> {
  for (let round = 0; round < 4; round += 1) {
    try {
      return await eventually(look);
    } catch {
      // another 8 s
    }
  }
  return eventually(look);
}
