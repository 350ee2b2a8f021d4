/** Dome as a client of MCP servers on the official SDK, in each era. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Egress } from "../../src/egress/egress.ts";
import { eraOfServer, listTools } from "../../src/gateway/mcp/known-server.ts";
import { BoundedMap } from "../../src/kernel/bounded-map.ts";
import { serveMcpFixture, type McpFixture } from "../support/mcp-fixture/serve.ts";
import { ManualTime } from "../support/manual-timers.ts";

type Eras = "both" | "modern" | "legacy";
const servers = new Map<Eras, McpFixture>();
beforeAll(async () => {
  for (const eras of ["both", "modern", "legacy"] as const)
    servers.set(eras, await serveMcpFixture({ eras }));
});
afterAll(() => Promise.all([...servers.values()].map((server) => server.close())));

function serverOf(eras: Eras) {
  const fixture = servers.get(eras);
  if (fixture === undefined) throw new Error("no fixture");
  const time = new ManualTime();
  const allowed = new Set([new URL(fixture.url).origin]);
  const egress = new Egress({ fetch: { public: fetch, listed: fetch }, timers: time, allowed });
  const ports = { egress, clock: { now: () => 1_000 }, eras: new BoundedMap<string, never>(10) };
  const credential = new Headers({ authorization: "Bearer of-the-tool" });
  return {
    fixture,
    ports,
    at: { key: eras, address: eras, url: fixture.url, credential, signal: new AbortController().signal },
  };
}

describe("the era of a server", () => {
  it.each([
    ["both", "modern"],
    ["modern", "modern"],
    ["legacy", "legacy"],
  ] as const)("that speaks %s is %s, and asked for once", async (eras, era) => {
    const { fixture, ports, at } = serverOf(eras);
    expect(await eraOfServer(ports, at)).toEqual({ ok: true, value: era });
    const { length } = fixture.requests;
    expect(await eraOfServer(ports, at)).toEqual({ ok: true, value: era });
    expect(fixture.requests).toHaveLength(length);
  });
});

describe("the tools of a server", () => {
  it.each(["both", "modern", "legacy"] as const)("are all listed, from one that speaks %s", async (eras) => {
    const { fixture, ports, at } = serverOf(eras);
    const from = fixture.requests.length;
    const listed = await listTools(ports, at);
    if (!listed.ok) throw new Error(listed.error.kind);
    expect(listed.value.unusable).toEqual([]);
    expect(listed.value.tools).toHaveLength(28);
    expect(listed.value.tools.map(({ name }) => name)).toContain("json_schema_2020_12_tool");
    for (const { headers } of fixture.requests.slice(from)) {
      expect(headers.authorization).toBe("Bearer of-the-tool");
    }
  });

  it("have the same definitions in both eras, so that a server may change its era under its pins", async () => {
    const hashes = async (eras: Eras) => {
      const { ports, at } = serverOf(eras);
      const listed = await listTools(ports, at);
      return listed.ok ? listed.value.tools.map(({ name, hash }) => [name, hash]) : listed.error;
    };
    expect(await hashes("modern")).toEqual(await hashes("legacy"));
  });
});
