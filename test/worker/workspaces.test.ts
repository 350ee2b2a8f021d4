import { beforeAll, describe, expect, it, test } from "vitest";
import {
  check,
  freshWorkspace,
  like,
  operator,
  operatorToken,
  problemOf,
  statusesOf,
  workspaceObject,
} from "../support/worker-api.ts";

const api = operator();

describe("creating a workspace", () => {
  it("answers its record, and makes an object that vouches for it", async () => {
    const made = await api.workspace("acme");
    expect(made).toEqual({
      id: like(/^wsp_/),
      name: "acme",
      description: null,
      created_at: like(/Z$/),
      config_epoch: 1,
      halted: false,
    });
    expect(await workspaceObject(made.id).lease()).toEqual({
      config_epoch: 1,
      halt_epoch: 1,
      halted: false,
      stopped_users: [],
      resumed_users: [],
      stopped_txns: [],
      ttl_ms: 2000,
    });
    for (const reference of ["acme", made.id]) {
      expect((await api.call("GET", `/workspaces/${reference}`)).body).toEqual(made);
    }
    const [entry] = await api.auditWith(1, { workspace: "acme", kind: "workspace.created" });
    expect(entry).toMatchObject({
      workspace: made.id,
      operator: { subject: "admin", token: "admin" },
      data: { name: "acme" },
    });
  });

  it("is refused where the name is in use, with the member (P2)", async () => {
    await api.workspace("taken");
    expect(problemOf(await api.call("POST", "/workspaces", { body: { name: "taken" } }))).toEqual({
      status: 409,
      code: "name_taken",
      members: ["name"],
    });
  });

  it("at the same moment under one name succeeds once (P2)", async () => {
    const body = { name: "contested" };
    const answers = await Promise.all([1, 2, 3].map(() => api.call("POST", "/workspaces", { body })));
    expect(statusesOf(answers)).toEqual([201, 409, 409]);
  });

  test.each([
    ["no name", {}, "name"],
    ["a malformed name", { name: "Acme" }, "name"],
    ["a name of 64 characters", { name: "a".repeat(64) }, "name"],
    ["a description with control characters", { name: "fine", description: "a\u0000b" }, "description"],
    ["an unknown member", { name: "fine", owner: "ada" }, "owner"],
  ])("with %s is refused with the member", async (_what, body, member) => {
    expect(problemOf(await api.call("POST", "/workspaces", { body }))).toEqual({
      status: 400,
      code: "invalid_request",
      members: [member],
    });
  });

  it("is for admins whose token is bound to no workspace", async () => {
    const bound = operator(await operatorToken({ subject: "a", role: "admin", workspaces: ["acme"] }));
    const other = operator(await operatorToken({ subject: "b", role: "operator" }));
    for (const holder of [bound, other]) {
      expect(problemOf(await holder.call("POST", "/workspaces", { body: { name: "mine" } })).code).toBe(
        "forbidden",
      );
    }
  });
});

describe("the list of workspaces", () => {
  it("comes in pages, in the order of names, and shows a bound token its own only (P11)", async () => {
    const mine = await freshWorkspace("zz-mine");
    await freshWorkspace("zz-other");
    const seen: string[] = [];
    let cursor = "";
    do {
      const page = (await api.call("GET", `/workspaces?limit=2${cursor}`)).body as {
        items: { name: string }[];
        next_cursor: string | null;
      };
      seen.push(...page.items.map(({ name }) => name));
      cursor = page.next_cursor === null ? "" : `&cursor=${page.next_cursor}`;
    } while (cursor !== "");
    expect(seen).toEqual(seen.toSorted());
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toContain(mine);

    const bound = operator(await operatorToken({ subject: "a", role: "admin", workspaces: [mine] }));
    const listed = (await bound.call("GET", "/workspaces")).body as { items: { name: string }[] };
    expect(listed.items.map(({ name }) => name)).toEqual([mine]);
  });
});

describe("a workspace of others", () => {
  let mine: string;
  let theirs: string;
  let agent: { id: string };

  beforeAll(async () => {
    mine = await freshWorkspace("mine");
    theirs = await freshWorkspace("theirs");
    agent = await api.register({ name: "hidden", workspace: theirs });
  });

  it("is not found by name or by id, in any route that takes one (P11)", async () => {
    const bound = operator(await operatorToken({ subject: "a", role: "admin", workspaces: [mine] }));
    const { id } = (await api.call("GET", `/workspaces/${theirs}`)).body as { id: string };
    for (const path of [
      `/workspaces/${theirs}`,
      `/workspaces/${id}`,
      `/agents?workspace=${theirs}`,
      `/agents/${agent.id}`,
      `/agents/hidden?workspace=${theirs}`,
      `/tools?workspace=${theirs}`,
      `/pools?workspace=${theirs}`,
      `/integrations?workspace=${theirs}`,
      `/audit?workspace=${theirs}`,
    ]) {
      expect([path, problemOf(await bound.call("GET", path)).code]).toEqual([path, "not_found"]);
    }
    const adding = await bound.call("POST", "/tools", { body: { name: "x", workspace: theirs } });
    expect(problemOf(adding).code).toBe("not_found");
  });

  it("is where a token with one workspace works when nothing is said: in its own, never in `default`", async () => {
    const bound = operator(await operatorToken({ subject: "a", role: "admin", workspaces: [mine] }));
    const made = await bound.register({ name: "at-home" });
    expect(made.created.agent.workspace).toBe(mine);
    expect((await bound.show("at-home")).id).toBe(made.id);
  });

  it("keeps its names, its catalog and its trail to itself", async () => {
    await api.addTool({ name: "zendesk", workspace: theirs });
    const bot = await api.start({ name: "hidden", workspace: mine, surface: { tools: ["zendesk"] } });
    const { body } = await check(bot.secret, { tool: "zendesk" });
    expect(body.reason).toBe("catalog_missing");
    await api.auditWith(1, { workspace: mine, kind: "decision" });
    expect(await api.audit({ workspace: theirs, kind: "decision" })).toEqual([]);
  });
});

it("an operator token that is expired, revoked or of an unknown role opens nothing", async () => {
  const expired = operator(await operatorToken({ subject: "a", role: "admin", expiresInMs: -1 }));
  const unknown = operator(await operatorToken({ subject: "b", role: "owner" as never }));
  for (const holder of [expired, unknown, operator("dome_ot_nonsense")]) {
    expect(problemOf(await holder.call("GET", "/operators/self"))).toEqual({
      status: 401,
      code: "invalid_token",
      members: [],
    });
  }
});
