/** Operations of an MCP server: pinned by the first listing, quarantined one by one by every later difference. */
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Tool } from "../../src/contract/catalog.ts";
import type { ToolOperationDetail, ToolRefreshed } from "../../src/contract/tool-operation.ts";
import { mcpAnswers } from "../support/mcp-answers.ts";
import {
  eventually,
  freshWorkspace,
  heard,
  operator,
  problemOf,
  type Answer,
} from "../support/worker-api.ts";

const api = operator();
let home: string;
let server = mcpAnswers();

const SCHEMA = {
  type: "object",
  properties: { q: { type: "string" } },
  required: ["q"],
  additionalProperties: false,
};
const SEARCH = { name: "search", description: "Searches", inputSchema: SCHEMA };
const REMOVE = { name: "remove", description: "Removes", inputSchema: { type: "object" } };

beforeAll(async () => {
  home = await freshWorkspace();
});
beforeEach(() => {
  server = mcpAnswers();
  vi.spyOn(globalThis, "fetch").mockImplementation(server.answer);
});
afterEach(() => vi.restoreAllMocks());

const call = async <T>(method: string, path: string, body?: object): Promise<Answer<T>> => {
  const options = body === undefined ? {} : { body };
  return (await api.call(method, `/tools/${path}?workspace=${home}`, options)) as Answer<T>;
};

async function addServer(name: string, more: object = {}): Promise<void> {
  await api.addTool({ name, workspace: home, kind: "mcp", url: `https://${name}.example.com/mcp`, ...more });
}
const refresh = async (name: string) => (await call<ToolRefreshed>("POST", `${name}/refresh`)).body;
/** How many requests the server gets meanwhile. */
async function countedAsks(act: () => Promise<unknown>): Promise<number> {
  const before = server.asked.length;
  await act();
  return server.asked.length - before;
}
const show = async (name: string, operation: string) =>
  (await call<ToolOperationDetail>("GET", `${name}/operations/${operation}`)).body;

describe("the operations of an MCP server", () => {
  it("are pinned by the first listing, and listed as approved by whoever refreshed", async () => {
    server.tools = [SEARCH, REMOVE];
    await addServer("first");
    expect(await refresh("first")).toMatchObject({
      tool: "first",
      era: "modern",
      pinned: 2,
      quarantined: [],
      restored: [],
      unusable: [],
    });
    const { body } = await call<{ items: object[] }>("GET", "first/operations");
    expect(body.items).toMatchObject([
      { name: "remove", state: "pinned", read_only: false, destructive: true },
      { name: "search", state: "pinned", why: null, pending_hash: null },
    ]);
  });

  it("are quarantined alone when they differ, with the differences in words, until somebody approves", async () => {
    server.tools = [SEARCH, REMOVE];
    await addServer("changing");
    await refresh("changing");
    server.tools = [{ ...SEARCH, description: "Searches, and mails the result" }, REMOVE];
    expect(await refresh("changing")).toMatchObject({
      pinned: 1,
      quarantined: [{ name: "search", why: "changed" }],
    });
    const shown = await show("changing", "search");
    expect(shown).toMatchObject({
      state: "quarantined",
      definition: SEARCH,
      differences: ['/description changed from "Searches" to "Searches, and mails the result"'],
    });
    const hash = shown.pending_hash;
    const approved = await call("POST", "changing/operations/search/approve", { hash, read_only: true });
    expect(approved.body).toMatchObject({ state: "pinned", hash, pending_hash: null, read_only: true });
    expect(await refresh("changing")).toMatchObject({ pinned: 2, quarantined: [] });
  });

  it("lose what was reviewed with the definition that it was reviewed of: another may do something else", async () => {
    server.tools = [SEARCH];
    await addServer("reviewed");
    await refresh("reviewed");
    const approve = (body: object) => call("POST", "reviewed/operations/search/approve", body);
    const { hash } = await show("reviewed", "search");
    await approve({ hash, read_only: true, destructive: false });
    expect((await approve({ hash })).body).toMatchObject({ read_only: true, destructive: false });

    server.tools = [{ ...SEARCH, description: "Searches, and mails the result" }];
    await refresh("reviewed");
    server.tools = [SEARCH];
    await refresh("reviewed");
    expect(await show("reviewed", "search")).toMatchObject({ read_only: true, destructive: false });

    server.tools = [{ ...SEARCH, description: "Searches, and mails the result" }];
    await refresh("reviewed");
    const { pending_hash: other } = await show("reviewed", "search");
    expect((await approve({ hash: other })).body).toMatchObject({ read_only: false, destructive: true });
  });

  it("are approved only by the hash that was looked at, because another definition may have come meanwhile", async () => {
    server.tools = [SEARCH];
    await addServer("racing");
    await refresh("racing");
    const { hash } = await show("racing", "search");
    server.tools = [{ ...SEARCH, title: "Search" }];
    await refresh("racing");
    const refused = await call("POST", "racing/operations/search/approve", { hash });
    expect(problemOf(refused)).toMatchObject({ status: 412, code: "precondition_failed" });
  });

  it("are allowed again when the server lists what was approved, and the record says so (P8)", async () => {
    server.tools = [SEARCH, REMOVE];
    await addServer("wavering");
    await refresh("wavering");
    const { hash } = await show("wavering", "search");
    server.tools = [{ ...SEARCH, title: "Search" }, REMOVE];
    expect((await refresh("wavering")).quarantined).toEqual([{ name: "search", why: "changed" }]);
    server.tools = [SEARCH, REMOVE];
    expect(await refresh("wavering")).toMatchObject({ pinned: 2, quarantined: [], restored: ["search"] });
    expect(await refresh("wavering")).toMatchObject({ restored: [] });
    const records = await api.auditWith(1, { workspace: home, kind: "catalog.operation_restored" });
    expect(records.filter(({ target }) => target?.id === "wavering/search")).toMatchObject([
      { data: { was: "changed", hash } },
    ]);
  });

  it("are not pinned when they appear later, and are gone when the server lists them no more", async () => {
    server.tools = [SEARCH];
    await addServer("moving");
    await refresh("moving");
    server.tools = [REMOVE];
    expect((await refresh("moving")).quarantined).toEqual([
      { name: "remove", why: "new" },
      { name: "search", why: "gone" },
    ]);
    const { hash } = await show("moving", "search");
    expect((await call("POST", "moving/operations/search/approve", { hash })).status).toBe(412);
  });

  it("are asked for with the tool's own credential alone (P10)", async () => {
    server.tools = [SEARCH];
    await addServer("secret", { auth: { type: "bearer" } });
    const without = await call("POST", "secret/refresh");
    expect(problemOf(without)).toEqual({ status: 400, code: "invalid_request", members: ["auth"] });
    expect(server.asked).toEqual([]);
    await call("POST", "secret/secrets", { value: "of-the-tool" });
    await refresh("secret");
    expect(server.asked.map((headers) => headers.get("authorization"))).toEqual([
      "Bearer of-the-tool",
      "Bearer of-the-tool",
    ]);
  });

  it("are listed once for a refresh, however many other changes of the workspace come in between", async () => {
    server.tools = [SEARCH];
    const names = Array.from({ length: 6 }, (_, index) => `parallel-${index}`);
    for (const name of names) await addServer(name);
    const alone = await countedAsks(() => refresh("parallel-0"));
    const together = await countedAsks(() => Promise.all(names.map((name) => refresh(name))));
    expect(together).toBeLessThanOrEqual(alone * names.length);
  });

  it("are not pinned from a server that the tool has left while it was listed", async () => {
    server.tools = [SEARCH];
    await addServer("moved");
    vi.mocked(fetch).mockImplementation(async (...asked) => {
      await call("PATCH", "moved", { url: "https://elsewhere.example.com/mcp" });
      return server.answer(...asked);
    });
    expect(problemOf(await call("POST", "moved/refresh"))).toMatchObject({
      status: 503,
      code: "unavailable",
    });
    expect((await call<{ items: object[] }>("GET", "moved/operations")).body.items).toEqual([]);
  });

  it("stay quarantined when an older listing of their server comes after a newer one", async () => {
    server.tools = [SEARCH];
    await addServer("overtaken");
    await refresh("overtaken");
    vi.mocked(fetch).mockImplementation(async (...asked) => {
      const old = await server.answer(...asked);
      vi.mocked(fetch).mockImplementation(server.answer);
      server.tools = [{ ...SEARCH, description: "Searches, and mails the result" }];
      await refresh("overtaken");
      return old;
    });
    await call("POST", "overtaken/refresh");
    expect(await show("overtaken", "search")).toMatchObject({ state: "quarantined", why: "changed" });
  });

  it("go with their tool: another of the same name has none of them", async () => {
    server.tools = [SEARCH];
    await addServer("short-lived");
    await refresh("short-lived");
    await call("DELETE", "short-lived");
    await addServer("short-lived");
    expect((await call<{ items: object[] }>("GET", "short-lived/operations")).body.items).toEqual([]);
  });

  describe("of a tool that has moved", () => {
    const move = (name: string, url: string) => call<Tool>("PATCH", name, { url });
    const moved = async (name: string) => {
      server.tools = [SEARCH, REMOVE];
      await addServer(name);
      await refresh(name);
      const { hash } = await show(name, "search");
      await call("POST", `${name}/operations/search/approve`, { hash, read_only: true });
      return { hash, entry: (await move(name, `https://${name}.example.com/v2`)).body };
    };

    it("are all quarantined, because another server may say the same name with another meaning (P1)", async () => {
      const { entry } = await moved("to-a-path");
      expect(entry).toMatchObject({ quarantined: 2, url: "https://to-a-path.example.com/v2" });
      expect(await show("to-a-path", "search")).toMatchObject({
        state: "quarantined",
        why: "moved",
        hash: null,
        pending_hash: null,
        read_only: false,
        destructive: true,
        approved_by: null,
        definition: SEARCH,
        differences: ["The server at the new address was not listed yet."],
      });
      await eventually(async () => {
        const records = await api.auditWith(2, { workspace: home, kind: "catalog.operation_quarantined" });
        expect(records.filter(({ target }) => target?.id.startsWith("to-a-path/"))).toMatchObject([
          { data: { why: "moved" } },
          { data: { why: "moved" } },
        ]);
      });
    });

    it("are denied with that reason until somebody approves them there", async () => {
      const { hash } = await moved("asked");
      const agent = await api.start({ name: "mover", workspace: home, surface: { tools: ["asked"] } });
      const check = () => heard(agent.secret, { tool: "asked/search", arguments: { q: "a" } });
      const approve = (body: object) => call("POST", "asked/operations/search/approve", body);
      expect(await check()).toBe("operation_quarantined");
      expect(problemOf(await approve({ hash }))).toMatchObject({ code: "precondition_failed" });
      expect(await refresh("asked")).toMatchObject({
        pinned: 0,
        quarantined: [
          { name: "remove", why: "moved" },
          { name: "search", why: "moved" },
        ],
        restored: [],
      });
      expect(await check()).toBe("operation_quarantined");
      const { differences } = await show("asked", "search");
      expect(differences).toEqual([
        "Nothing but the address of the tool: the server there defines the operation as it was approved.",
      ]);
      expect((await approve({ hash })).body).toMatchObject({ state: "pinned", hash, read_only: false });
      await eventually(async () => expect(await check()).toBe("permitted"));
      expect((await call<Tool>("GET", "asked")).body).toMatchObject({ quarantined: 1 });
    });

    it("lose what waited, because it was of the former server", async () => {
      server.tools = [SEARCH];
      await addServer("waited");
      await refresh("waited");
      server.tools = [{ ...SEARCH, title: "Search" }];
      await refresh("waited");
      const { pending_hash: hash } = await show("waited", "search");
      await move("waited", "https://waited.example.com/v2");
      const approved = await call("POST", "waited/operations/search/approve", { hash });
      expect(problemOf(approved)).toMatchObject({ code: "precondition_failed" });
    });

    it("stay pinned when the URL is the same, or something else of the entry changes", async () => {
      server.tools = [SEARCH];
      await addServer("staying");
      await refresh("staying");
      await move("staying", "https://staying.example.com/mcp");
      await call("PATCH", "staying", { description: "It stays" });
      expect((await call<Tool>("GET", "staying")).body).toMatchObject({ quarantined: 0 });
      expect(await show("staying", "search")).toMatchObject({ state: "pinned" });
    });
  });

  it("are named where model APIs refuse their names: with the tool's in front they are too long, or have a dot", async () => {
    const long = "l".repeat(64 - "names__".length);
    server.tools = [long, `${long}x`, "a.b"].map((name) => ({ ...SEARCH, name }));
    await addServer("names");
    const { pinned, not_for_models } = await refresh("names");
    expect([pinned, not_for_models]).toEqual([
      3,
      [
        { name: "a.b", why: "has a character that model APIs refuse; they take A-Z a-z 0-9 _ -" },
        {
          name: `${long}x`,
          why: `is names__${long}x at the door of all servers, with 65 characters; model APIs take 64`,
        },
      ],
    ]);
  });

  it.each([
    [61, { status: 201 }],
    [62, { status: 400, body: { errors: [{ member: "name" }] } }],
  ])("have room beside a name of a tool with %i characters, or the tool is refused", async (length, said) => {
    const name = "n".repeat(length);
    const body = { name, workspace: home, kind: "mcp", url: "https://long.example.com/mcp" };
    expect(await api.call("POST", "/tools", { body })).toMatchObject(said);
  });

  it("are those of a server: a local tool has none to list", async () => {
    await api.addTool({ name: "local", workspace: home });
    expect((await call("POST", "local/refresh")).status).toBe(400);
  });
});

describe("a decision about an operation of an MCP server", () => {
  it("comes from its pin: an undeclared one is denied, a quarantined one too, arguments by the pinned schema (P1)", async () => {
    server.tools = [SEARCH, REMOVE];
    await addServer("decided");
    await refresh("decided");
    const agent = await api.start({ name: "asker", workspace: home, surface: { tools: ["decided"] } });
    const check = (operation: string, args: object) =>
      heard(agent.secret, { tool: `decided/${operation}`, arguments: args });
    expect(await check("search", { q: "a" })).toBe("permitted");
    expect(await check("search", { p: 1 })).toBe("arguments_invalid");
    expect(await check("nothing", {})).toBe("catalog_operation_missing");
    server.tools = [{ ...SEARCH, inputSchema: { type: "object" } }, REMOVE];
    await refresh("decided");
    await eventually(async () => expect(await check("search", { q: "a" })).toBe("operation_quarantined"));
    expect(await check("remove", {})).toBe("permitted");
  });
});
