/** Responsibility moves: the steward of an agent changes, its owner never, and a developer's rights go with the steward. */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { agentTransferred } from "../../src/contract/agent.ts";
import {
  freshWorkspace,
  like,
  operator,
  operatorToken,
  check,
  problemOf,
  statusesOf,
  type Answer,
  type CallOptions,
  type OperatorApi,
} from "../support/worker-api.ts";

const admin = operator();
const BOB = "bob@example.com";
const CAROL = "carol@example.com";
let home: string;
let bob: OperatorApi;
let carol: OperatorApi;
let runner: OperatorApi;

beforeAll(async () => {
  home = await freshWorkspace("stewards");
  bob = operator(await operatorToken({ subject: BOB, role: "developer" }));
  carol = operator(await operatorToken({ subject: CAROL, role: "developer" }));
  runner = operator(await operatorToken({ subject: "ops@example.com", role: "operator" }));
});

const transfer = (
  agent: string,
  body: object,
  api: OperatorApi = runner,
  options: CallOptions = {},
): Promise<Answer> => api.call("POST", `/agents/${agent}/transfer`, { body, ...options });

const moved = async (agent: string, to: string, api: OperatorApi = runner) => {
  const answer = await transfer(agent, { to }, api);
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  return agentTransferred.parse(answer.body);
};

const namesSeenBy = async (api: OperatorApi, query: Readonly<Record<string, string>> = {}) =>
  (await api.list({ workspace: home, limit: "200", ...query })).items.map(({ name }) => name);

describe("an agent", () => {
  it("is answered for by its owner at first, since its registration", async () => {
    const { created } = await bob.register({ name: "first", workspace: home });
    expect(created.agent).toMatchObject({
      owner: BOB,
      steward: BOB,
      steward_since: created.agent.created_at,
    });
  });

  it("keeps its owner when somebody else answers for it; the change is dated, versioned and in the trail (P2, P8)", async () => {
    const { id, created } = await bob.register({ name: "moves", workspace: home });
    const answer = await transfer(id, { to: CAROL, reason: "Bob leaves" });
    const { agent, ...rest } = agentTransferred.parse(answer.body);
    expect(rest).toEqual({ changed: true, from: BOB, warnings: [expect.anything()] });
    expect(agent).toMatchObject({ owner: BOB, steward: CAROL, record_version: 2 });
    expect(agent.steward_since >= created.agent.steward_since).toBe(true);
    expect(await admin.show(id)).toEqual(agent);
    const [record] = await admin.auditWith(1, { workspace: home, agent: id, kind: "agent.transferred" });
    expect(record).toMatchObject({
      operator: { subject: "ops@example.com" },
      target: { type: "agent", id },
      detail: "Bob leaves",
      data: { from: BOB, to: CAROL, record_version: 2 },
    });
  });

  it("that is transferred once more to the same one stays as it is, and leaves no second record (P12)", async () => {
    const { id } = await bob.register({ name: "twice", workspace: home });
    await moved(id, CAROL);
    expect(await moved(id, CAROL)).toMatchObject({
      changed: false,
      from: CAROL,
      agent: { record_version: 2 },
    });
  });

  it("answers a repeat under one key as the first time (P12)", async () => {
    const { id } = await bob.register({ name: "repeated", workspace: home });
    const options = { key: "transfer-repeated" };
    const first = await transfer(id, { to: CAROL }, runner, options);
    const repeat = await transfer(id, { to: CAROL }, runner, options);
    expect(repeat.body).toEqual(first.body);
    expect(problemOf(await transfer(id, { to: BOB }, runner, options)).code).toBe("idempotency_mismatch");
  });

  it("moves after its end too: somebody is asked about it later, and it stays revoked (P5)", async () => {
    const { id } = await bob.register({ name: "ended", workspace: home });
    await admin.stop(id, "revoke");
    expect((await moved(id, CAROL)).agent).toMatchObject({ state: "revoked", steward: CAROL });
  });

  it("is not taken from somebody who does not answer for it any more", async () => {
    const { id } = await bob.register({ name: "contested", workspace: home });
    await moved(id, CAROL);
    const late = await transfer(id, { from: BOB, to: "dan@example.com" });
    expect(problemOf(late)).toMatchObject({ status: 412, code: "precondition_failed" });
    expect((await transfer(id, { from: BOB, to: CAROL })).status).toBe(200);
    expect((await admin.show(id)).steward).toBe(CAROL);
  });

  it("is transferred under the version that was read, and no other", async () => {
    const { id } = await bob.register({ name: "versioned", workspace: home });
    await admin.update(id, { description: "changed" });
    const stale = { headers: { "if-match": '"1"' } };
    expect(problemOf(await transfer(id, { to: CAROL }, runner, stale)).status).toBe(412);
    expect((await transfer(id, { to: CAROL }, runner, { headers: { "if-match": '"2"' } })).status).toBe(200);
  });

  it.each([
    ["nobody", {}, "to"],
    ["what is no subject", { to: "line\nbreak" }, "to"],
    ["an owner", { to: CAROL, owner: CAROL }, "owner"],
  ])("is not transferred to %s", async (_what, body, member) => {
    const { id } = await bob.register({ name: `no-${member}-${Object.keys(body).length}`, workspace: home });
    expect(problemOf(await transfer(id, body))).toMatchObject({ status: 400, members: [member] });
  });
});

describe("a new steward", () => {
  it("whom nobody knows is accepted, with a warning: perhaps it is misspelt", async () => {
    const { id } = await bob.register({ name: "misspelt", workspace: home });
    const [warning] = (await moved(id, "carrol@example.com")).warnings;
    expect(warning).toMatchObject({ code: "unknown_steward", member: "to" });
  });

  it("with a token is known to who may list tokens, and to nobody else (P11)", async () => {
    const dora = "dora@example.com";
    const { id } = await bob.register({ name: "known", workspace: home });
    const warnedOf = async (api: OperatorApi) => {
      await moved(id, BOB);
      return (await moved(id, dora, api)).warnings.map(({ code }) => code);
    };
    expect(await warnedOf(admin)).toEqual(["unknown_steward"]);
    await operatorToken({ subject: dora, role: "developer" });
    expect(await warnedOf(admin)).toEqual([]);
    expect(await warnedOf(runner)).toEqual(["unknown_steward"]);
  });
});

describe("a developer", () => {
  it("has every right to the agents it answers for, and as their owner none: another's is not there (P11)", async () => {
    const { id, key } = await bob.register({ name: "handed-over", workspace: home, description: "sorts" });
    await admin.activate(id);
    await moved(id, CAROL);

    expect(await namesSeenBy(bob)).not.toContain("handed-over");
    expect(await namesSeenBy(bob, { owner: BOB })).not.toContain("handed-over");
    expect(await namesSeenBy(bob, { steward: CAROL })).toEqual([]);
    const attempts: readonly (readonly [string, string, object?])[] = [
      ["GET", ""],
      ["PATCH", "", { description: "mine" }],
      ["POST", "/keys", {}],
      ["GET", "/keys"],
      ["DELETE", `/keys/${key}`],
      ["POST", "/suspend", {}],
      ["GET", "/halts"],
    ];
    for (const [method, path, body] of attempts) {
      const answer = await bob.call(method, `/agents/${id}${path}`, body === undefined ? {} : { body });
      expect({ method, path, status: answer.status }).toEqual({ method, path, status: 404 });
    }
    const child = { name: "child", workspace: home, parent: "handed-over" };
    expect((await bob.call("POST", "/agents", { body: child })).status).toBe(422);

    expect(await namesSeenBy(carol)).toContain("handed-over");
    expect(await namesSeenBy(carol, { owner: BOB })).toContain("handed-over");
    await carol.issueKey(id);
    await carol.revokeKey(id, key);
    expect((await carol.register({ ...child, name: "carols-child" })).created.agent.parent).toBe(id);
    expect((await carol.stop(id, "suspend")).state).toBe("suspended");
  });

  it("cannot transfer: the refusal names the roles that can", async () => {
    const { id } = await bob.register({ name: "kept", workspace: home });
    expect(problemOf(await transfer(id, { to: CAROL }, bob))).toMatchObject({
      status: 403,
      code: "forbidden",
    });
  });
});

describe("a list", () => {
  it("is of one steward, or of one owner", async () => {
    const there = await freshWorkspace("lists");
    const here = { workspace: there, owner: BOB };
    const one = await admin.register({ ...here, name: "one" });
    await admin.register({ ...here, name: "two" });
    await moved(one.id, CAROL);
    const named = async (query: Readonly<Record<string, string>>) =>
      (await admin.list({ workspace: there, ...query })).items.map(({ name }) => name);
    expect(await named({ steward: BOB })).toEqual(["two"]);
    expect(await named({ steward: CAROL.toUpperCase() })).toEqual(["one"]);
    expect(await named({ owner: BOB })).toEqual(["one", "two"]);
    expect(await named({ owner: BOB, steward: CAROL })).toEqual(["one"]);
  });
});

describe("the database", () => {
  const run = (sql: string, ...values: readonly (string | number)[]) =>
    env.DB.prepare(sql)
      .bind(...values)
      .run();

  it.each([
    ["an agent for which nobody answers", "UPDATE agents SET steward = '' WHERE id = ?"],
    ["another date for the same steward", "UPDATE agents SET steward_since = 1 WHERE id = ?"],
    [
      "another owner beside a steward",
      "UPDATE agents SET steward = 'x', steward_since = 2, owner = 'x' WHERE id = ?",
    ],
  ])("refuses %s (P2)", async (_what, sql) => {
    const { id } = await bob.register({ name: `db-${sql.length}`, workspace: home });
    await expect(run(sql, id)).rejects.toThrow(/dome: /);
  });

  it("lets the owner answer for an agent that an older version of Dome registers", async () => {
    const { workspace_id: workspace } = (await bob.register({ name: "sibling", workspace: home })).created
      .agent;
    await run(
      `INSERT INTO agents (id, workspace_id, name, owner, created_at, tier, state_changed_at)
       VALUES ('agt_01k9v3m8q2x7n5r4t6w0y1z2a9', ?, 'older', 'ada@example.com', 7, 'standard', 7)`,
      workspace,
    );
    expect(await admin.show("older", home)).toMatchObject({
      steward: "ada@example.com",
      steward_since: like(/^1970-01-01T00:00:00.007Z$/),
    });
  });
});

describe("a developer whose agent has another's parent", () => {
  it("is shown an agent without one, wherever it reads of it (P11)", async () => {
    const workspace = await freshWorkspace("parents");
    const above = await admin.register({ name: "above", workspace, owner: CAROL });
    const mine = await admin.register({ name: "mine", workspace, owner: BOB, parent: "above" });
    const below = await bob.register({ name: "below", workspace, parent: "mine" });
    const read = [
      await bob.call("GET", `/agents/${mine.id}`),
      await bob.call("GET", `/agents?workspace=${workspace}`),
      await bob.call("PATCH", `/agents/${mine.id}`, { body: { description: "mine" } }),
    ];
    expect(statusesOf(read)).toEqual([200, 200, 200]);
    expect(JSON.stringify(read.map(({ body }) => body))).not.toContain(above.id);
    expect((await bob.show(mine.id)).parent).toBeNull();
    expect((await bob.show(below.id)).parent).toBe(mine.id);
    expect((await admin.show(mine.id)).parent).toBe(above.id);
  });
});

describe("a developer who reads of a stop", () => {
  it("is shown its own agent and how many were stopped with it, and none of anybody else (P11)", async () => {
    const workspace = await freshWorkspace("families");
    const mine = await admin.start({ name: "mine", workspace, owner: BOB });
    const below = await admin.start({ name: "below", workspace, owner: CAROL, parent: "mine" });
    const stop = await admin.stop(mine.id, "suspend?wait=effective", { body: { cascade: true } });
    const id = stop.halt?.id ?? "";
    const listed = await bob.call("GET", `/agents/${mine.id}/halts`);
    const receipt = await bob.call("GET", `/agents/${mine.id}/halts/${id}`);
    const again = await bob.call("POST", `/agents/${mine.id}/suspend`, { body: {} });
    for (const answer of [listed, receipt, again]) {
      expect(answer.status).toBe(200);
      expect(JSON.stringify(answer.body)).not.toContain(below.id);
    }
    expect(receipt.body).toMatchObject({
      agents: [{ agent: mine.id }],
      cascade: { total: 2, complete: true },
    });
    expect((await admin.halt(mine.id, id)).agents.map(({ agent }) => agent)).toEqual([mine.id, below.id]);
  });

  it("is not told from whose stop its agent's came, nor by the receipt (P11)", async () => {
    const workspace = await freshWorkspace("causes");
    const above = await admin.start({ name: "above", workspace, owner: CAROL });
    const mine = await admin.start({ name: "mine", workspace, owner: BOB, parent: "above" });
    await admin.stop(above.id, "suspend?wait=effective", { body: { cascade: true } });
    const listed = await bob.call("GET", `/agents/${mine.id}/halts`);
    const [halt] = (listed.body as { items: { id: string; cause: object | null }[] }).items;
    const receipt = await bob.call("GET", `/agents/${mine.id}/halts/${halt?.id}`);
    expect(receipt.status).toBe(200);
    const signed = (receipt.body as { receipt: string }).receipt.split(".")[1] ?? "";
    for (const told of [
      JSON.stringify([listed.body, receipt.body]),
      atob(signed.replaceAll("-", "+").replaceAll("_", "/")),
    ])
      expect(told).not.toContain(above.id);
    expect((await admin.halt(mine.id, halt?.id ?? "")).cause).toMatchObject({ agent: above.id });
  });

  it("is not told which user or transaction of a workspace was stopped (P11)", async () => {
    const workspace = await freshWorkspace("people");
    const user = `usr_${"a".repeat(26)}`;
    const stop = await admin.stopUser(workspace, "stop?wait=effective", { body: { user } });
    const id = stop.halt?.id ?? "";
    const listed = await bob.call("GET", `/workspaces/${workspace}/halts`);
    const read = await bob.call("GET", `/workspaces/${workspace}/halts/${id}`);
    expect([listed.status, read.status]).toEqual([200, 200]);
    expect(JSON.stringify([listed.body, read.body])).not.toContain(user);
    expect((await admin.workspaceHalt(workspace, id)).user).toBe(user);
  });

  it("is shown no decision of a workspace: the ledger is not for developers", async () => {
    const workspace = await freshWorkspace("halted");
    await admin.addTool({ name: "crm", workspace });
    const other = await admin.start({ name: "other", workspace, owner: CAROL, surface: { tools: ["crm"] } });
    const { decision_id: decision } = (await check(other.secret, { tool: "crm" })).body;
    await admin.auditWith(1, { workspace, kind: "decision" });
    const stop = await admin.moveWorkspace(workspace, "halt?wait=effective");
    const id = stop.halt?.id ?? "";
    expect((await admin.workspaceHalt(workspace, id)).last_admitted).toMatchObject({ decision_id: decision });
    const read = await bob.call("GET", `/workspaces/${workspace}/halts/${id}`);
    expect(read).toMatchObject({ status: 200, body: { id, last_admitted: null } });
  });
});
