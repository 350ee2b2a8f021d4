import { beforeAll, describe, expect, it, test } from "vitest";
import {
  freshWorkspace,
  operator,
  operatorToken,
  problemOf,
  type Registered,
  statusesOf,
} from "../support/worker-api.ts";

const api = operator();
let home: string;
let bot: Registered;

beforeAll(async () => {
  home = await freshWorkspace();
  await api.addTool({ name: "zendesk", workspace: home });
  bot = await api.register({
    name: "bot",
    workspace: home,
    labels: { team: "support" },
    contact: "a@example.com",
  });
});

const patch = (agent: string, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
  api.call("PATCH", `/agents/${agent}`, { body, headers });

describe("updating an agent", () => {
  it("changes what was said and leaves the rest, and raises the record's version", async () => {
    const before = await api.show(bot.id);
    const { agent, warnings } = await api.update(bot.id, {
      description: "Sorts tickets",
      surface: { tools: ["zendesk", "zendsk"] },
    });
    expect(agent).toEqual({
      ...before,
      description: "Sorts tickets",
      surface: { tools: ["zendesk", "zendsk"], pools: [], integrations: [] },
      record_version: before.record_version + 1,
    });
    expect(warnings.map(({ member, near }) => [member, near])).toEqual([["surface.tools", "zendesk"]]);
    expect(await api.show(bot.id)).toEqual(agent);
  });

  it("clears what is set to null", async () => {
    expect((await api.update(bot.id, { contact: null })).agent.contact).toBeNull();
    expect((await api.show(bot.id)).labels).toEqual({ team: "support" });
  });

  test.each([
    ["its id", { id: "agt_01k9v3m8q2x7n5r4t6w0y1z2a3" }, "id"],
    ["its name", { name: "other" }, "name"],
    ["its owner", { owner: "mallory@example.com" }, "owner"],
    ["its workspace", { workspace: "default" }, "workspace"],
    ["its state", { state: "active" }, "state"],
  ])("has no member for %s (P2)", async (_what, body, member) => {
    expect(problemOf(await patch(bot.id, { description: "x", ...body }))).toEqual({
      status: 400,
      code: "invalid_request",
      members: [member],
    });
  });

  test.each([
    ["nothing at all", {}, 400, "invalid_request", ""],
    ["an unknown tier", { tier: "gold" }, 422, "unknown_reference", "tier"],
    ["an unknown parent", { parent: "nobody" }, 422, "unknown_reference", "parent"],
    ["an end date in the past", { expires_at: "2020-01-01T00:00:00Z" }, 400, "invalid_request", "expires_at"],
  ])("refuses %s, and changes nothing", async (_what, body, status, code, member) => {
    const before = await api.show(bot.id);
    expect(problemOf(await patch(bot.id, body))).toEqual({ status, code, members: [member] });
    expect(await api.show(bot.id)).toEqual(before);
  });

  it("is refused once the agent is revoked: its record is history (P5)", async () => {
    const gone = await api.register({ name: "gone", workspace: home });
    await api.stop(gone.id, "revoke");
    expect(problemOf(await patch(gone.id, { description: "x" }))).toEqual({
      status: 409,
      code: "invalid_transition",
      members: [],
    });
  });

  it("is written into the trail with the members it changed", async () => {
    const traced = await api.register({ name: "traced", workspace: home });
    await api.update(traced.id, { description: "x", labels: {} });
    const [entry] = await api.auditWith(1, { workspace: home, agent: traced.id, kind: "agent.updated" });
    expect(entry?.data).toEqual({ changed: ["description", "labels"], record_version: 2 });
  });
});

describe("a parent", () => {
  const cycle = { status: 409, code: "parent_cycle", members: ["parent"] };

  it("is never the agent itself", async () => {
    expect(problemOf(await patch(bot.id, { parent: "bot" }))).toEqual(cycle);
    expect(problemOf(await patch(bot.id, { parent: bot.id }))).toEqual(cycle);
  });

  it("is never a descendant, however far below: a chain of parents ends", async () => {
    const ids: string[] = [];
    for (const name of ["first", "second", "third", "fourth"]) {
      const parent = ids.at(-1) ?? null;
      ids.push((await api.register({ name, workspace: home, parent })).id);
    }
    const [first = "", , third = "", fourth = ""] = ids;
    expect(problemOf(await patch(first, { parent: "second" }))).toEqual(cycle);
    expect(problemOf(await patch(first, { parent: "fourth" }))).toEqual(cycle);
    expect((await api.show(first)).parent).toBeNull();
    // Turning a branch round is no cycle.
    await api.update(fourth, { parent: first });
    await api.update(third, { parent: fourth });
    expect(problemOf(await patch(fourth, { parent: "third" }))).toEqual(cycle);
  });

  it("does not become a cycle by two changes at the same moment: the database decides", async () => {
    const a = await api.register({ name: "left", workspace: home });
    const b = await api.register({ name: "right", workspace: home });
    const answers = await Promise.all([patch(a.id, { parent: "right" }), patch(b.id, { parent: "left" })]);
    expect(statusesOf(answers)).toEqual([200, 409]);
    const parents = await Promise.all([api.show(a.id), api.show(b.id)]);
    expect(parents.filter(({ parent }) => parent !== null)).toHaveLength(1);
  });

  it("can be taken away again", async () => {
    const child = await api.register({ name: "child", workspace: home, parent: "bot" });
    expect((await api.update(child.id, { parent: null })).agent.parent).toBeNull();
  });
});

describe("the version of a record", () => {
  it("is the ETag of the agent, and If-Match with an older one changes nothing", async () => {
    const agent = await api.register({ name: "versioned", workspace: home });
    const shown = await api.call("GET", `/agents/${agent.id}`);
    expect(shown.headers.get("etag")).toBe('"1"');
    expect((await patch(agent.id, { description: "mine" }, { "if-match": '"1"' })).status).toBe(200);
    expect(problemOf(await patch(agent.id, { description: "late" }, { "if-match": '"1"' }))).toEqual({
      status: 412,
      code: "precondition_failed",
      members: [],
    });
    expect(await api.show(agent.id)).toMatchObject({ description: "mine", record_version: 2 });
    expect((await patch(agent.id, { description: "any" }, { "if-match": "*" })).status).toBe(200);
  });

  test.each(["7", '"1', '"1" "2"'])("is refused as If-Match %s: it is no list of tags", async (header) => {
    expect(problemOf(await patch(bot.id, { description: "x" }, { "if-match": header }))).toEqual({
      status: 400,
      code: "invalid_request",
      members: [],
    });
  });

  it("is raised by a key as well, so that whoever has read the agent notices", async () => {
    const agent = await api.register({ name: "keyed", workspace: home });
    await api.issueKey(agent.id);
    expect((await api.show(agent.id)).record_version).toBe(2);
  });
});

describe("the list of agents", () => {
  let crowd: string;

  beforeAll(async () => {
    crowd = await freshWorkspace("crowd");
    const common = { workspace: crowd } as const;
    await api.register({ ...common, name: "ant", owner: "ada", labels: { team: "a" } });
    await api.register({ ...common, name: "bee", owner: "bea", surface: { tools: ["zendesk"] } });
    await api.register({
      ...common,
      name: "cat",
      owner: "ada",
      surface: { tools: ["zendesk/create_ticket"] },
    });
    await api.register({ ...common, name: "dog", owner: "ada", tier: "trusted", labels: { team: "a=b" } });
  });

  const names = async (query: Readonly<Record<string, string>>): Promise<string[]> =>
    (await api.list({ workspace: crowd, ...query })).items.map(({ name }) => name);

  test.each([
    ["nothing", {}, ["ant", "bee", "cat", "dog"]],
    ["an owner", { owner: "ada" }, ["ant", "cat", "dog"]],
    ["a tier", { tier: "trusted" }, ["dog"]],
    ["a tool, which covers its operations", { tool: "zendesk" }, ["bee", "cat"]],
    ["one operation", { tool: "zendesk/create_ticket" }, ["cat"]],
    ["a label", { label: "team=a" }, ["ant"]],
    ["a label with an equals sign in its value", { label: "team=a=b" }, ["dog"]],
    ["a state", { state: "provisioned" }, ["ant", "bee", "cat", "dog"]],
    ["a state nobody is in", { state: "active" }, []],
    ["two things at once", { owner: "ada", tool: "zendesk" }, ["cat"]],
  ])("is narrowed by %s", async (_what, query, expected) => {
    expect(await names(query)).toEqual(expected);
  });

  it("comes in pages that together are the whole, each agent once", async () => {
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await api.list({ workspace: crowd, limit: "3", ...(cursor === null ? {} : { cursor }) });
      seen.push(...page.items.map(({ name }) => name));
      cursor = page.next_cursor;
    } while (cursor !== null);
    expect(seen).toEqual(["ant", "bee", "cat", "dog"]);
  });

  it("shows the state that the objects have projected", async () => {
    const eel = await api.start({ name: "eel", workspace: crowd });
    await expect.poll(() => names({ state: "active" })).toEqual(["eel"]);
    await api.stop(eel.id, "revoke");
    await expect.poll(() => names({ state: "revoked" })).toEqual(["eel"]);
    expect((await api.show(eel.id)).revoked_at).toMatch(/Z$/);
  });

  test.each([
    ["a cursor of one's own making", { cursor: "%" }, "cursor"],
    ["a limit of 0", { limit: "0" }, "limit"],
    ["a limit of 201", { limit: "201" }, "limit"],
    ["an unknown filter", { colour: "red" }, "colour"],
  ])("refuses %s with the member", async (_what, query, member) => {
    const answer = await api.call(
      "GET",
      `/agents?${new URLSearchParams({ workspace: crowd, ...query }).toString()}`,
    );
    expect(problemOf(answer)).toEqual({ status: 400, code: "invalid_request", members: [member] });
  });
});

it("is not found by an operator of another workspace, by id or by name, just as if it were not there (P11)", async () => {
  const elsewhere = await freshWorkspace();
  const bound = operator(await operatorToken({ subject: "bea", role: "operator", workspaces: [elsewhere] }));
  const paths = [
    [`/agents/${bot.id}`, "agent"],
    ["/agents/agt_01k9v3m8q2x7n5r4t6w0y1z2a3", "agent"],
    [`/agents/bot?workspace=${home}`, "workspace"],
    ["/agents/bot?workspace=never-was", "workspace"],
  ] as const;
  for (const [path, missing] of paths) {
    for (const method of ["GET", "PATCH"]) {
      const answer = await bound.call(method, path, method === "PATCH" ? { body: { description: "x" } } : {});
      expect(problemOf(answer)).toEqual({ status: 404, code: "not_found", members: [missing] });
    }
  }
});
