/**
 * The session of a legacy client at the door of all servers holds one session at each legacy server: begun with it, used
 * by it alone, and ended with it.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { whenEffective } from "../support/worker-api.ts";
import { api, here, LegacyClient, modernCall, send, sentOf, servers } from "./mcp-eras.fixture.ts";

const ALL = "";
const sessionOf = ({ headers }: { readonly headers: Headers }): string | null =>
  headers.get("mcp-session-id");
/** The sessions in which requests of this kind have reached a server. */
const sessionsOf = (method: string): readonly (string | null)[] => sentOf(method).map(sessionOf);
/** What has ended at a server. */
const ended = (): readonly (string | null)[] =>
  servers.sent.filter(({ verb }) => verb === "DELETE").map(sessionOf);

interface Entry {
  readonly kind: string;
  readonly agent?: string | undefined;
  readonly outcome?: string | undefined;
  readonly target?: { readonly id?: string | undefined } | undefined;
}
const recordsOf = async (operation: string, agent: string): Promise<readonly string[]> => {
  const entries: readonly Entry[] = await api.audit({ workspace: here.home });
  return entries
    .filter(({ target, agent: of }) => target?.id === operation && of === agent)
    .map(({ kind, outcome }) => `${kind}${outcome === undefined ? "" : ` ${outcome}`}`)
    .toReversed();
};

/** Dome has asked each server for its era, which is not of interest here. */
beforeAll(async () => {
  await LegacyClient.connect(ALL);
});

describe("initialize at the door of all servers", () => {
  it("begins a session at each legacy server, and at none that speaks the modern era", async () => {
    const { initialized } = await LegacyClient.connect(ALL);
    expect(sentOf("initialize").map(({ tool }) => tool)).toEqual(["legacy"]);
    expect(sentOf("notifications/initialized").map(({ tool }) => tool)).toEqual(["legacy"]);
    expect(initialized.body.result).not.toHaveProperty("_meta");
  });

  it("is decided on and recorded for each of them (P8)", async () => {
    const own = await api.start({ name: "begins", workspace: here.home, surface: { tools: ["legacy"] } });
    await LegacyClient.connect(ALL, own.secret);
    await expect
      .poll(() => recordsOf("legacy/MCP /initialize", own.id), { timeout: 10_000 })
      .toEqual(["call.intent", "call.outcome completed"]);
  });

  it("declares nothing of the client, because nobody could answer what a server asks", async () => {
    await LegacyClient.connect(ALL, here.bot.secret, { sampling: {}, elicitation: {} });
    expect(sentOf("initialize")[0]?.message?.params).toEqual({
      protocolVersion: "2025-11-25",
      capabilities: {},
      clientInfo: { name: "dome", version: "1" },
    });
    expect(sentOf("initialize")[0]?.headers.get("via")).toBe("1.1 dome");
  });

  it("names a server that begins none, and is none the worse for it", async () => {
    servers.turned.set("legacy", "modern"); // it says now that it has no such revision
    const { initialized, session } = await LegacyClient.connect(ALL);
    expect(initialized.body.result).toMatchObject({
      _meta: { "dome/missing": [{ tool: "legacy", why: "upstream_failed" }] },
    });
    expect(session).toMatch(/^dome_sealed_1\./);
    servers.turned.clear();
    await LegacyClient.connect(ALL);
  });
});

describe("a session that the client's id holds", () => {
  it("is the client's own: two clients of one agent have two, and a modern client a third", async () => {
    const [one, two] = [await LegacyClient.connect(ALL), await LegacyClient.connect(ALL)];
    await one.call("legacy.search");
    await two.call("legacy.search");
    await one.call("legacy.search");
    await modernCall(ALL, "legacy.search");
    const [first, second, again, modern] = sessionsOf("tools/call");
    expect(new Set([first, second, modern]).size).toBe(3);
    expect(again).toBe(first);
  });

  it("serves lists and reads too", async () => {
    const client = await LegacyClient.connect(ALL);
    await client.post({ id: 1, method: "resources/list" });
    await client.post({ id: 2, method: "resources/read", params: { uri: "legacy.x:y" } });
    await client.call("legacy.search");
    const [session] = sessionsOf("tools/call");
    const listed = sentOf("resources/list").find(({ tool }) => tool === "legacy");
    expect([listed === undefined ? null : sessionOf(listed), ...sessionsOf("resources/read")]).toEqual([
      session,
      session,
    ]);
  });

  it.each([404, 400])(
    "is replaced when the server has forgotten it (%i), and a reviewed operation is repeated",
    async (over) => {
      const client = await LegacyClient.connect(ALL);
      servers.over = over;
      servers.sessions.clear();
      expect((await client.call("legacy.look")).status).toBe(200);
      const [lost, ...others] = sessionsOf("tools/call");
      expect(others).not.toContain(lost);
      servers.sent = [];
      await client.call("legacy.look");
      expect(sessionsOf("tools/call")).toHaveLength(1);
      expect(sessionsOf("tools/call")).not.toContain(lost);
    },
  );

  it("is replaced with the next call when nobody has reviewed the operation, because it may have had its effect", async () => {
    const client = await LegacyClient.connect(ALL);
    servers.sessions.clear();
    const lost = await client.call("legacy.search");
    expect([lost.status, lost.body.error]).toMatchObject([502, { data: { who: "upstream" } }]);
    expect(sessionsOf("tools/call")).toHaveLength(1);
    // The session that Dome keeps for this caller was forgotten as well.
    await client.call("legacy.look");
    expect((await client.call("legacy.search")).status).toBe(200);
  });

  it("is not opened after a stop of its agent, whatever was resumed since (P3)", async () => {
    const own = await api.start({
      name: "stopped-all",
      workspace: here.home,
      surface: { tools: ["legacy"] },
    });
    const client = await LegacyClient.connect(ALL, own.secret);
    await whenEffective(() => api.stop(own.id, "suspend?wait=effective"));
    await api.call("POST", `/agents/${own.id}/resume`, { body: { reason: "test" } });
    servers.sent = [];
    expect((await client.call("legacy.search")).status).toBe(404);
    expect(servers.sent).toEqual([]);
  });
});

describe("DELETE at the door of all servers", () => {
  it("ends what the client's id holds, and the id", async () => {
    const client = await LegacyClient.connect(ALL);
    await client.call("legacy.search");
    const response = await send(ALL, "DELETE", client.headers);
    expect([response.status, await response.text()]).toEqual([204, ""]);
    expect(ended()).toEqual(sessionsOf("tools/call"));
    expect((await client.call("legacy.search")).status).toBe(404);
  });

  it("is recorded for each server (P8)", async () => {
    const own = await api.start({ name: "ends", workspace: here.home, surface: { tools: ["legacy"] } });
    const client = await LegacyClient.connect(ALL, own.secret);
    await send(ALL, "DELETE", client.headers, null, own.secret);
    await expect
      .poll(() => recordsOf("legacy/MCP /session/end", own.id), { timeout: 10_000 })
      .toEqual(["call.intent", "call.outcome completed"]);
  });

  it("ends no session of another caller, and none twice (P11)", async () => {
    const other = await api.start({ name: "ends-not", workspace: here.home, surface: { tools: ["legacy"] } });
    const client = await LegacyClient.connect(ALL);
    expect((await send(ALL, "DELETE", client.headers, null, other.secret)).status).toBe(404);
    expect(ended()).toEqual([]);
    expect((await send(ALL, "DELETE", client.headers)).status).toBe(204);
    expect((await send(ALL, "DELETE", client.headers)).status).toBe(404);
    expect(ended()).toHaveLength(1);
  });

  it("is 405 without a session, because a modern client has none", async () => {
    const { "mcp-session-id": _none, ...headers } = (await LegacyClient.connect(ALL)).headers;
    const { status, headers: answered } = await send(ALL, "DELETE", headers);
    expect([status, answered.get("allow")]).toEqual([405, "POST"]);
  });
});

describe("a tool whose entry gets another server", () => {
  const moved = async (name: string) => {
    const url = `https://legacy.example.com/${name}`;
    await api.addTool({ workspace: here.home, kind: "mcp", name, url });
    await api.call("POST", `/tools/${name}/refresh?workspace=${here.home}`);
    const { secret } = await api.start({ name, workspace: here.home, surface: { tools: [name] } });
    const at = (path: string): string => `/tools/${name}${path}?workspace=${here.home}`;
    /** A person reviews what the server at the new address says. */
    const move = async (): Promise<void> => {
      await api.call("PATCH", at(""), { body: { url: "https://legacy.example.com/elsewhere" } });
      await api.call("POST", at("/refresh"));
      const { body } = await api.call("GET", at("/operations/search"));
      const { pending_hash: hash } = body as { pending_hash: string };
      const approved = await api.call("POST", at("/operations/search/approve"), { body: { hash } });
      expect(approved.status).toBe(200);
    };
    return { secret, move };
  };

  it("hears of no session of the one before at its own door: the client begins a new one (P10)", async () => {
    const { secret, move } = await moved("moved-one");
    const client = await LegacyClient.connect("moved-one", secret);
    await move();
    servers.sent = [];
    const called = await client.call("search");
    expect([called.status, called.body.error]).toMatchObject([404, { data: { code: "session_over" } }]);
    expect((await send("moved-one", "GET", client.headers, null, secret)).status).toBe(404);
    expect((await send("moved-one", "DELETE", client.headers, null, secret)).status).toBe(404);
    expect((await client.post({ method: "notifications/initialized" })).status).toBe(404);
    expect(servers.sent).toEqual([]);
  });

  it("hears of none at the door of all servers: it gets one that Dome keeps (P10)", async () => {
    const { secret, move } = await moved("moved-all");
    const client = await LegacyClient.connect(ALL, secret);
    await client.call("moved-all.search");
    const [before] = sessionsOf("tools/call");
    await move();
    expect((await client.call("moved-all.search")).status).toBe(200);
    expect(sessionsOf("tools/call").at(-1)).not.toBe(before);
    servers.sent = [];
    expect((await send(ALL, "DELETE", client.headers, null, secret)).status).toBe(204);
    expect(ended()).toEqual([]);
  });
});
