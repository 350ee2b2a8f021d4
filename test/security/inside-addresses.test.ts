/**
 * Dome calls no inside address, at whatever place an operator, or a database of before a rule, names one: when a tool is
 * added or changed, when its operations are read, when it is tried, and when an agent calls it. That a public name which
 * resolves to an inside address is refused too is shown on the networks themselves (test/conformance/egress-networks).
 */
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, describe, expect, it, test, vi } from "vitest";
import { TEST_ISSUER } from "../support/fixed-secrets.ts";
import { freshWorkspace, operator, problemOf, worker, type Registered } from "../support/worker-api.ts";

const api = operator();
const OUTSIDE = "https://api.example.com";

/** Each in a spelling of its own; the parser of URLs makes one address of many. */
const INSIDE: readonly string[] = [
  "https://127.0.0.1",
  "https://127.1",
  "https://2130706433",
  "https://0x7f.1",
  "https://0177.0.0.1",
  "https://0.0.0.0",
  "https://10.0.0.1",
  "https://172.16.0.1",
  "https://192.168.1.1",
  "https://100.64.0.1",
  "https://169.254.169.254",
  "https://[::1]",
  "https://[::]",
  "https://[::ffff:127.0.0.1]",
  "https://[::ffff:7f00:1]",
  "https://[64:ff9b::7f00:1]",
  "https://[2002:7f00:1::]",
  "https://[fd00::1]",
  "https://[fe80::1]",
  "https://localhost",
  "https://localhost.",
  "https://app.localhost",
  "https://metadata",
  "https://metadata.google.internal",
  "https://metadata.google.internal.",
  "https://printer.local",
  "https://router.home.arpa",
  "https://vault.svc",
  "https://x.cluster.local",
  "https://hidden.onion",
  "https://１２７.０.０.１",
  "http://api.example.com",
  "https://api.example.com:8443",
  "https://api.example.com:22",
  "https://user:password@api.example.com",
  "https://api.example.com#fragment",
  "data:application/json,{}",
  "file:///etc/passwd",
  "ftp://api.example.com",
  "blob:https://api.example.com/1",
  TEST_ISSUER,
];

let home: string;
let asked: string[];

beforeAll(async () => {
  home = await freshWorkspace();
});
beforeEach(() => {
  asked = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input) => {
    asked.push(input instanceof Request ? input.url : input.toString());
    return Response.redirect("http://169.254.169.254/latest/meta-data/", 302);
  });
});
afterEach(() => vi.restoreAllMocks());

const at = (path: string): string => `/tools/${path}?workspace=${home}`;

describe("an inside address", () => {
  let made = 0;

  test.each(INSIDE)("%s is taken by no entry of a tool, neither added nor changed", async (address) => {
    const name = `t-${(made += 1)}`;
    const entry = { name, workspace: home, kind: "http", url: OUTSIDE };
    for (const wrong of [{ url: address }, { openapi: address }, { kind: "mcp", url: address }]) {
      const refused = await api.call("POST", "/tools", { body: { ...entry, ...wrong } });
      expect(problemOf(refused)).toMatchObject({ status: 400, code: "invalid_request" });
    }
    await api.addTool({ ...entry, kind: "http" });
    for (const wrong of [{ url: address }, { openapi: address }]) {
      const refused = await api.call("PATCH", at(name), { body: wrong });
      expect(problemOf(refused)).toMatchObject({ status: 400, code: "invalid_request" });
    }
    expect(asked).toEqual([]);
  });
});

/** Entries of before a rule: their addresses were stored without today's check. */
describe("an inside address that is in the database already", () => {
  // Every version has stored addresses in their one spelling only.
  const KEPT = INSIDE.filter(
    (address) =>
      URL.canParse(address) &&
      new URL(address).href.replace(/\/$/, "") === address &&
      address !== TEST_ISSUER,
  );
  let bot: Registered;

  beforeAll(async () => {
    for (const [index, address] of KEPT.entries()) {
      await api.addTool({
        name: `http-${index}`,
        workspace: home,
        kind: "http",
        url: OUTSIDE,
        openapi: OUTSIDE,
      });
      await api.addTool({ name: `open-${index}`, workspace: home, kind: "http", url: OUTSIDE });
      await api.addTool({ name: `mcp-${index}`, workspace: home, kind: "mcp", url: `${OUTSIDE}/mcp` });
      const change = env.DB.prepare(
        "UPDATE catalog_tools SET url = ?, openapi = CASE WHEN openapi IS NULL THEN NULL ELSE ? END WHERE name LIKE ?",
      );
      await change.bind(address, address, `%-${index}`).run();
    }
    const tools = KEPT.map((_address, index) => `open-${index}`);
    bot = await api.start({ name: "bot", workspace: home, tier: "trusted", surface: { tools } });
  }, 60_000);

  it("is called for nobody: not to list it, not to read its document, not to try it, not for an agent", async () => {
    for (const [index, address] of KEPT.entries()) {
      for (const path of [`mcp-${index}/refresh`, `http-${index}/refresh`]) {
        const refused = await api.call("POST", at(path), { body: {} });
        expect({ address, path, status: refused.status }).toEqual({ address, path, status: 502 });
      }
      for (const kind of ["mcp", "http", "open"]) {
        const tried = await api.call("POST", at(`${kind}-${index}/test`));
        expect(tried.body).toMatchObject({ ok: false, steps: [{ what: "address", ok: false, who: "dome" }] });
      }
      const headers = { authorization: `Bearer ${bot.secret}` };
      const called = await worker(new Request(`${TEST_ISSUER}/tools/open-${index}/a`, { headers }));
      expect({ address, status: called.status }).toEqual({ address, status: 502 });
    }
    expect(asked).toEqual([]);
  }, 60_000);
});

describe("a redirect to the inside", () => {
  it("is followed by nothing: neither for a document, nor for a list, nor for a test, nor for an agent", async () => {
    await api.addTool({
      name: "moved",
      workspace: home,
      kind: "http",
      url: OUTSIDE,
      openapi: `${OUTSIDE}/openapi.json`,
    });
    await api.addTool({ name: "moving", workspace: home, kind: "mcp", url: `${OUTSIDE}/mcp` });
    await api.addTool({ name: "bare", workspace: home, kind: "http", url: OUTSIDE });
    expect((await api.call("POST", at("moved/refresh"))).status).toBe(502);
    expect((await api.call("POST", at("moving/refresh"))).status).toBe(502);
    await api.call("POST", at("moved/test"));
    const { secret } = await api.start({ name: "walker", workspace: home, surface: { tools: ["bare"] } });
    const headers = { authorization: `Bearer ${secret}` };
    const called = await worker(new Request(`${TEST_ISSUER}/tools/bare/a`, { headers, redirect: "manual" }));
    expect(called.status).toBe(502);
    expect(await called.json()).toMatchObject({ code: "upstream_redirect", who: "upstream" });
    expect(asked.length).toBeGreaterThan(3);
    expect(asked.filter((url) => !url.startsWith(OUTSIDE))).toEqual([]);
  });
});
