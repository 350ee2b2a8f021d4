/** Explain: a recorded decision, in full for operators, in the safe form for the agents of its chain. */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it, test } from "vitest";
import { sampleRecord } from "../support/audit-sample.ts";
import {
  call,
  check,
  freshWorkspace,
  ids,
  like,
  operator,
  operatorToken,
  problemOf,
  type Registered,
  token,
  worker,
} from "../support/worker-api.ts";

const api = operator();
let home: string;
let bot: Registered;
let denied: string;

beforeAll(async () => {
  home = await freshWorkspace();
  await api.addTool({ name: "zendesk", workspace: home });
  const surface = { tools: ["zendesk", "zendsk"] };
  bot = await api.start({ name: "bot", workspace: home, surface });
  denied = (await check(bot.secret, { tool: "zendsk/create_ticket" })).body.decision_id;
  await api.auditWith(1, { workspace: home, kind: "decision" });
});

const explain = (credential: string, decision: string, query = "") =>
  call(worker, credential, "GET", `/api/v1/decisions/${decision}${query}`);

describe("an explanation", () => {
  it("gives an operator everything, with the command that would turn the deny around and the role that may", async () => {
    const full = await api.explain(denied, home);
    expect(full).toEqual({
      decision: "deny",
      decision_id: denied,
      time: like(/Z$/),
      workspace_id: bot.created.agent.workspace_id,
      agent: bot.id,
      chain: [{ agent: bot.id, key: bot.key, epoch: 2 }],
      user: null,
      names: { [bot.id]: "bot", [bot.created.agent.workspace_id]: home },
      action: "tool:use",
      resource: "zendsk/create_ticket",
      reason: "catalog_missing",
      layer: "catalog",
      detail: "The catalog of the workspace has no tool zendsk.",
      change: {
        detail: "Ask an operator to add tool zendsk to the workspace's catalog.",
        command: `dome tools add zendsk --workspace ${home}   # or is zendesk meant?`,
        role: "operator",
      },
      policies: [],
      bundle_version: "builtin-1",
      txn: like(/^txn_/),
      request_id: like(/^req_/),
      released: true,
      headers: {},
      shadow: null,
      outcome: null,
      seq: expect.any(Number) as number,
      reported: [],
    });
  });

  it("gives the agent the same without the command, which may name what else the workspace has", async () => {
    const full = await api.explain(denied, home);
    for (const credential of [bot.secret, await token(bot.secret)]) {
      const answer = await explain(credential, denied);
      expect(answer.status).toBe(200);
      expect(answer.headers.get("cache-control")).toBe("no-store");
      const names = { [bot.id]: "bot" }; // that of its workspace stands in its own record
      expect(answer.body).toEqual({ ...full, names, change: { ...full.change, command: null } });
      expect(JSON.stringify(answer.body)).not.toContain("zendesk");
    }
    // And so does the answer of the check itself.
    expect((await check(bot.secret, { tool: "zendsk/x" })).body.change?.command).toBeNull();
  });

  it("of an allow has nothing to change", async () => {
    const { decision_id: id } = (await check(bot.secret, { tool: "zendesk" })).body;
    expect(await api.explain(id, home)).toMatchObject({ decision: "allow", change: null, released: true });
  });

  it("is found although the decision was made this instant: it may still be on its way to the ledger", async () => {
    const { decision_id: id } = (await check(bot.secret, { tool: "zendesk" })).body;
    expect((await explain(bot.secret, id)).status).toBe(200);
  });

  it("is withheld from an agent whose stop is effective before the decision arrives (P3)", async () => {
    const stopped = await api.start({ name: "stopped", workspace: home });
    const { workspace_id: workspace } = stopped.created.agent;
    const decision = ids.next("dec");
    await check(stopped.secret, { tool: "zendesk" }); // so that the question is admitted before the stop
    const waiting = explain(stopped.secret, decision);
    await api.stop(stopped.id, "suspend?wait=effective");
    const chain = [{ agent: stopped.id, key: stopped.key, epoch: 2 }];
    const made = { layer: "policy", detail: "It is permitted." };
    await env.LEDGER.getByName(workspace).append([
      sampleRecord(1, { workspace, agent: stopped.id, chain, decision_id: decision, ...made }),
    ]);
    expect(problemOf(await waiting)).toMatchObject({ status: 401, code: "invalid_token" });
  });
});

describe("a decision that is not the reader's", () => {
  it("of another agent, and one that never was, are one answer (P11)", async () => {
    const other = await api.start({ name: "other", workspace: home });
    const old = "dec_01k9v3m8q2x7n5r4t6w0y1z2a3";
    const answers = await Promise.all([explain(other.secret, denied), explain(other.secret, old)]);
    const bodies = answers.map((answer) => {
      expect(problemOf(answer)).toEqual({ status: 404, code: "not_found", members: ["decision"] });
      return JSON.stringify(answer.body).replaceAll(/(?:dec|req)_\w+/g, "ID");
    });
    expect(bodies[0]).toBe(bodies[1]);
  });

  it("is not shown to an operator of another workspace, nor in another workspace's ledger (P11)", async () => {
    const elsewhere = await freshWorkspace();
    const bound = await operatorToken({ subject: "bea", role: "auditor", workspaces: [elsewhere] });
    expect(problemOf(await explain(bound, denied, `?workspace=${home}`)).code).toBe("not_found");
  });

  test.each(["nonsense", "dec_", "agt_01k9v3m8q2x7n5r4t6w0y1z2a3"])("named %s is none at all", async (id) => {
    expect(problemOf(await explain(bot.secret, id)).code).toBe("not_found");
    expect(problemOf(await api.call("GET", `/decisions/${id}?workspace=${home}`)).code).toBe("not_found");
  });

  it("is not shown to operators without the right to read the trail", async () => {
    const developer = await operatorToken({ subject: "dev@example.com", role: "developer" });
    expect(problemOf(await explain(developer, denied, `?workspace=${home}`)).code).toBe("forbidden");
  });
});
