/** Nobody starts below a stopped ancestor, so that the stop of a family stays one (P3); and how deep a tree may be. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { problem } from "../../src/contract/problem.ts";
import { MOST_ANCESTORS } from "../../src/registry/agents.ts";
import {
  freshWorkspace,
  operator,
  operatorToken,
  problemOf,
  statusesOf,
  whenEffective,
  type Answer,
  type OperatorApi,
  type Registered,
} from "../support/worker-api.ts";

const api = operator();

const REFUSED = { status: 409, code: "parent_stopped", members: ["parent"] };
const TOO_DEEP = { status: 409, code: "parent_too_deep", members: ["parent"] };

interface Line {
  readonly workspace: string;
  readonly root: Registered;
  readonly child: Registered;
  /** Never activated. */
  readonly unborn: Registered;
}

async function line(): Promise<Line> {
  const workspace = await freshWorkspace("line");
  const root = await api.start({ name: "root", workspace });
  const child = await api.start({ name: "child", workspace, parent: root.id });
  const unborn = await api.register({ name: "unborn", workspace, parent: child.id });
  return { workspace, root, child, unborn };
}

const ask = (by: OperatorApi, agent: Registered, command: string, body: object = {}): Promise<Answer> =>
  by.call("POST", `/agents/${agent.id}/${command}`, { body });

const stateOf = async ({ id }: Registered): Promise<string> => (await api.show(id)).state;

const effective = (root: Registered, halt: string | undefined): Promise<void> =>
  whenEffective(async () => expect((await api.halt(root.id, halt ?? "")).effective_at).not.toBeNull());

describe("an agent below a stopped ancestor", () => {
  it("is not activated, and the refusal names the ancestor and how it goes on (P3)", async () => {
    const { workspace, root, unborn } = await line();
    await api.stop(root.id, "suspend");
    const refused = await ask(api, unborn, "activate");
    expect(problemOf(refused)).toEqual(REFUSED);
    expect(problem.parse(refused.body).detail).toBe(
      `The agent ${root.id}, an ancestor, is suspended. Resume it first: dome agents resume ${root.id} --workspace ${workspace}`,
    );
    expect(await stateOf(unborn)).toBe("provisioned");
    await api.resume(root.id);
    expect((await ask(api, unborn, "activate")).status).toBe(200);
  });

  it("is not resumed either, and a revoked ancestor stays one: the agent moves below another (P5)", async () => {
    const { root, child } = await line();
    await api.stop(child.id, "suspend");
    await api.stop(root.id, "revoke");
    const refused = await ask(api, child, "resume", { reason: "again" });
    expect(problemOf(refused)).toEqual(REFUSED);
    expect(problem.parse(refused.body).detail).toContain("revoked, which is final");
    await api.update(child.id, { parent: null });
    expect((await ask(api, child, "resume", { reason: "again" })).status).toBe(200);
  });

  it("goes on if it runs: to start what runs, and to cancel a drain, is no start", async () => {
    const { root, child } = await line();
    await api.stop(root.id, "suspend");
    expect((await ask(api, child, "activate")).body).toMatchObject({ changed: false });
    await api.stop(child.id, "suspend", { body: { drain_seconds: 600 } });
    const cancelled = await ask(api, child, "activate", { reason: "needed" });
    expect(cancelled.body).toMatchObject({ state: "active", changed: true });
  });

  it("gets the answer of the first time for a repeat, whatever has become of the ancestor (P12)", async () => {
    const { root, unborn } = await line();
    const once = { body: {}, headers: { "idempotency-key": "start-once" } };
    const first = await api.call("POST", `/agents/${unborn.id}/activate`, once);
    await api.stop(root.id, "suspend");
    const again = await api.call("POST", `/agents/${unborn.id}/activate`, once);
    expect([again.status, again.body]).toEqual([first.status, first.body]);
  });

  it("is transferred all the same: somebody else answers for it, and nothing starts", async () => {
    const { root, unborn } = await line();
    await api.stop(root.id, "suspend");
    const moved = await ask(api, unborn, "transfer", { to: "next@example.com", reason: "leaves" });
    expect(moved.status).toBe(200);
    expect(problemOf(await ask(api, unborn, "activate"))).toEqual(REFUSED);
  });
});

describe("the stop of a family by security", () => {
  it("holds who was never activated: moved out of the family it does not start without them", async () => {
    const { workspace, root, unborn } = await line();
    const security = operator(await operatorToken({ subject: "sec@example.com", role: "security" }));
    const runner = operator(await operatorToken({ subject: "run@example.com", role: "operator" }));
    const { halt } = await security.stop(root.id, "suspend", { body: { cascade: true, reason: "runaway" } });
    await effective(root, halt?.id);
    const shown = await api.show(unborn.id);
    expect([shown.state, shown.hold?.by]).toEqual(["provisioned", "sec@example.com"]);
    await runner.update(unborn.id, { parent: null });
    const held = { status: 403, code: "held", members: [] };
    expect(problemOf(await ask(runner, unborn, "activate", { reason: "deployed" }))).toEqual(held);
    expect((await api.show(unborn.id)).state).toBe("provisioned");
    const admin = await ask(api, unborn, "activate", { reason: "looked at" });
    expect(admin.status).toBe(200);
    expect((await api.show(unborn.id)).hold).toBeNull();
    expect(workspace).not.toBe("");
  });

  it("does not miss who starts at the same moment (P3)", async () => {
    const workspace = await freshWorkspace("race");
    const root = await api.start({ name: "root", workspace });
    const young = await Promise.all(
      Array.from({ length: 8 }, (_, n) => api.register({ name: `young-${n}`, workspace, parent: root.id })),
    );
    const [stopped, ...started] = await Promise.all([
      api.stop(root.id, "suspend", { body: { cascade: true, reason: "runaway" } }),
      ...young.map((each) => ask(api, each, "activate")),
    ]);
    await effective(root, stopped.halt?.id);
    // Held is who was asked to stop before; refused below the ancestor is who comes later.
    expect(statusesOf(started).filter((status) => ![200, 403, 409].includes(status))).toEqual([]);
    expect(await Promise.all(young.map(stateOf))).not.toContain("active");
  });
});

describe("a tree that is deeper than may be, from before that was so", () => {
  it("starts nobody below what is asked, takes no new members, and says how it goes on (P3)", async () => {
    const workspace = await freshWorkspace("old");
    let parent: Registered | null = null;
    for (let depth = 0; depth <= MOST_ANCESTORS; depth += 1)
      parent = await api.register({ name: `level-${depth}`, workspace, parent: parent?.id ?? null });
    const deep = await api.register({ name: "deep", workspace });
    await env.DB.prepare("UPDATE agents SET parent_id = ? WHERE id = ?").bind(parent?.id, deep.id).run();

    const refused = await ask(api, deep, "activate");
    expect(problemOf(refused)).toEqual(TOO_DEEP);
    expect(problem.parse(refused.body).detail).toBe(
      `The agent has more than 16 ancestors. Give it a parent further up, or none: dome agents update ${deep.id} --clear parent --workspace ${workspace}`,
    );
    expect(await stateOf(deep)).toBe("provisioned");
    const child = { body: { name: "child", workspace, parent: deep.id } };
    expect(problemOf(await api.call("POST", "/agents", child))).toEqual(TOO_DEEP);

    await api.update(deep.id, { parent: null });
    expect((await ask(api, deep, "activate")).status).toBe(200);
  });
});

describe("a tree of agents", () => {
  it("is no deeper than the ancestors that are asked at each start", async () => {
    const workspace = await freshWorkspace("deep");
    let parent: Registered | null = null;
    const chain: Registered[] = [];
    for (let depth = 0; depth <= MOST_ANCESTORS; depth += 1) {
      parent = await api.register({ name: `level-${depth}`, workspace, parent: parent?.id ?? null });
      chain.push(parent);
    }
    const deeper = await api.call("POST", "/agents", {
      body: { name: "too-deep", workspace, parent: parent?.id },
    });
    expect(problemOf(deeper)).toEqual(TOO_DEEP);
    // Moving what has descendants counts these, too.
    const above = await api.register({ name: "above", workspace });
    const move = (agent: Registered | undefined): Promise<Answer> =>
      api.call("PATCH", `/agents/${agent?.id}`, { body: { parent: above.id } });
    expect(problemOf(await move(chain[0]))).toEqual(TOO_DEEP);
    expect((await move(chain[1])).status).toBe(200);
    const { results } = await env.DB.prepare(
      "SELECT count(*) AS n FROM agents WHERE name = 'too-deep'",
    ).all();
    expect(results).toEqual([{ n: 0 }]);
  });
});
