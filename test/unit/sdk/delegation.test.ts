import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { BASE, decision, FakeDome, json, KEY, oauthError, settle, TOOL } from "./fake-dome.ts";
import { FakeStream } from "./fake-stream.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const TOKEN = "/api/v1/auth/token";
const USER = "eyJhbGciOiJFUzI1NiJ9.alice.sig";

const formOf = (body: string | undefined): Record<string, string> =>
  Object.fromEntries(new URLSearchParams(body));

describe("acting for somebody", () => {
  it("exchanges the user's token, and checks with what that gave (RFC 8693 §2.1)", async () => {
    const dome = new FakeDome();
    const acting = dome.client().actAs(USER);
    await acting.check({ tool: TOOL });
    expect(formOf(dome.to(TOKEN)[0]?.body)).toEqual({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token: USER,
      subject_token_type: "urn:ietf:params:oauth:token-type:id_token",
    });
    expect(dome.to(TOKEN)[0]?.headers.get("authorization")).toBe(`Bearer ${KEY}`);
    expect(dome.to("/api/v1/check")[0]?.headers.get("authorization")).toContain("token1");
  });

  it("exchanges another agent's call token as one", async () => {
    const dome = new FakeDome();
    await dome.client().onBehalfOf(USER).token();
    expect(formOf(dome.to(TOKEN)[0]?.body)["subject_token_type"]).toBe(
      "urn:ietf:params:oauth:token-type:access_token",
    );
  });

  it("keeps the tokens of users apart, and the agent's own", async () => {
    const dome = new FakeDome();
    const client = dome.client();
    const tokens = await Promise.all(
      [client, client.actAs(USER), client.actAs(USER)].map((each) => each.token()),
    );
    expect(new Set(tokens).size).toBe(3);
  });

  it("uses no token after a stop that was made before it, and keeps none that was on its way (P3)", async () => {
    const dome = new FakeDome();
    const stream = new FakeStream(dome);
    const client = dome.client();
    await client.start();
    await stream.state();
    const acting = client.actAs(USER);
    const before = await acting.token();
    await stream.say("agent.suspended");
    await stream.say("agent.resumed");
    expect(await acting.token()).not.toBe(before);
    await stream.say("keys.changed");
    let answer = (): void => undefined;
    dome.on(TOKEN, async () => {
      const granted = dome.grant();
      await new Promise<void>((resolve) => (answer = resolve));
      return granted;
    });
    const old = acting.token();
    await settle();
    await stream.say("agent.suspended");
    await stream.say("agent.resumed");
    dome.on(TOKEN, () => dome.grant());
    const fresh = await acting.token();
    answer();
    expect(await old).not.toBe(fresh);
    expect(await acting.token()).toBe(fresh);
  });

  it.each(["subject_expired", "subject_audience", "actor_unauthorized", "chain_too_deep"])(
    "denies with delegation_refused when the service says %s",
    async (domeError) => {
      const dome = new FakeDome();
      dome.on(TOKEN, () => oauthError(400, "invalid_request", domeError));
      expect(await dome.client().actAs(USER).check({ tool: TOOL })).toMatchObject({
        allowed: false,
        local: true,
        reason: "delegation_refused",
      });
    },
  );

  it("asks for the user's token again when the exchanged one has ended", async () => {
    const dome = new FakeDome();
    let asked = 0;
    const acting = dome.client().actAs(async () => `${USER}${(asked += 1)}`);
    await acting.token();
    await dome.advance(310_000);
    await acting.token();
    expect(asked).toBe(2);
  });

  it("ends with the client", async () => {
    const dome = new FakeDome();
    const client = dome.client();
    const acting = client.actAs(USER);
    await client.close();
    expect(await acting.check({ tool: TOOL })).toMatchObject({ allowed: false, reason: "closed" });
    await expect(acting.token()).rejects.toMatchObject({ code: "closed" });
  });

  it("needs the agent's key", () => {
    const client = new FakeDome().client({ getToken: () => USER });
    expect(() => client.actAs(USER)).toThrow(/needs the agent's key/);
  });
});

describe("fetch", () => {
  const door = async (answer = (): Response => new Response("hello")) => {
    const dome = new FakeDome();
    dome.on("/tools/zendesk/tickets", answer);
    return { dome, client: dome.client() };
  };

  it("carries the token to a door, and returns what it says", async () => {
    const { dome, client } = await door();
    const response = await client.fetch("/tools/zendesk/tickets", { method: "POST", body: "x" });
    expect(await response.text()).toBe("hello");
    expect(dome.to("/tools/zendesk/tickets")[0]).toMatchObject({ method: "POST", body: "x" });
    expect(dome.to("/tools/zendesk/tickets")[0]?.headers.get("authorization")).toContain("token1");
  });

  it.each([
    "https://evil.example/tools/zendesk/tickets",
    "http://dome.example.com/tools",
    "https://dome.example.com:8443/tools",
    "//evil.example/tools",
    "/\\evil.example/tools",
    "https://dome.example.com@evil.example/",
    "javascript:alert(1)",
  ])("never carries the token to another origin: %s (P10)", async (url) => {
    const { dome, client } = await door();
    const outcome = await client.fetch(url).catch((fault: Error) => fault);
    if (outcome instanceof Response) throw new Error("it was sent");
    expect(outcome).toMatchObject({ code: "invalid_argument" });
    expect(dome.sent).toEqual([]);
  });

  it("gives an MCP client the door of a tool, and a fetch that carries the call token there", async () => {
    const dome = new FakeDome();
    dome.on("/mcp/zendesk", () => json(200, { jsonrpc: "2.0", id: 1, result: {} }));
    const [url, options] = dome.client().mcp("zendesk");
    expect(url.href).toBe(`${BASE}/mcp/zendesk`);
    await options.fetch(url, { method: "POST", headers: { "mcp-method": "ping" }, body: "{}" });
    const { headers, body } = dome.sent.find(({ path }) => path === "/mcp/zendesk") ?? {};
    expect(headers?.get("authorization")).toMatch(/^Bearer eyJ/);
    expect([headers?.get("mcp-method"), body]).toEqual(["ping", "{}"]);
    await expect(options.fetch("https://elsewhere.example/mcp")).rejects.toMatchObject({
      name: "ConfigurationError",
    });
    expect(dome.client().mcp()[0].href).toBe(`${BASE}/mcp`);
  });

  it("returns a redirect and does not follow it (P10)", async () => {
    const { dome, client } = await door(() => Response.redirect("https://evil.example/", 302));
    const response = await client.fetch("/tools/zendesk/tickets", { redirect: "follow" });
    expect(response.status).toBe(302);
    expect(dome.to("/tools/zendesk/tickets")).toHaveLength(1);
  });

  it("renews a token that is refused, once", async () => {
    const { dome, client } = await door(() => json(401, {}));
    expect((await client.fetch("/tools/zendesk/tickets")).status).toBe(401);
    expect(dome.to("/tools/zendesk/tickets").map(({ headers }) => headers.get("authorization"))).toEqual([
      expect.stringContaining("token1"),
      expect.stringContaining("token2"),
    ]);
  });

  it("takes the place of the caller's own Authorization, which is not this service's", async () => {
    const { dome, client } = await door();
    await client.fetch(
      new Request("https://dome.example.com/tools/zendesk/tickets", {
        headers: { Authorization: "Basic x" },
      }),
    );
    expect(dome.to("/tools/zendesk/tickets")[0]?.headers.get("authorization")).toMatch(/^Bearer /);
  });

  it("is not sent when the agent was stopped before its body could be read (P3)", async () => {
    const { dome, client } = await door();
    await client.token();
    const body = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        await client.close();
        controller.close();
      },
    });
    const request = new Request(`${BASE}/tools/zendesk/tickets`, { method: "POST", body, duplex: "half" });
    await expect(client.fetch(request)).rejects.toMatchObject({ name: "StoppedError" });
    expect(dome.to("/tools/zendesk/tickets")).toEqual([]);
  });

  it("watches no answer that nobody can read any more, so that unread ones do not gather", async () => {
    const { dome, client } = await door(
      () => new Response(new ReadableStream({ pull: () => new Promise(() => undefined) })),
    );
    for (let call = 0; call < 200; call += 1) await client.fetch("/tools/zendesk/tickets");
    for (let turn = 0; turn < 10; turn += 1) {
      collectGarbage();
      await settle();
    }
    await client.close();
    const cut = dome.to("/tools/zendesk/tickets").filter(({ signal }) => signal?.aborted === true);
    expect(cut.length).toBeLessThan(20);
  });

  it("watches an answer whose body alone is kept", async () => {
    const { dome, client } = await door(
      () => new Response(new ReadableStream({ pull: () => new Promise(() => undefined) })),
    );
    const { body } = await client.fetch("/tools/zendesk/tickets");
    for (let turn = 0; turn < 10; turn += 1) {
      collectGarbage();
      await settle();
    }
    await client.close();
    expect(dome.to("/tools/zendesk/tickets")[0]?.signal?.aborted).toBe(true);
    expect(body?.locked).toBe(false);
  });

  it("stays below the path of the base URL where it has one", async () => {
    const dome = new FakeDome();
    dome.on("/dome/api/v1/auth/token", () => dome.grant());
    dome.on("/dome/api/v1/check", () => json(200, decision()));
    dome.on("/dome/tools/x", () => new Response("ok"));
    const client = dome.client({ baseUrl: "https://dome.example.com/dome/" });
    expect(await client.check({ tool: TOOL })).toMatchObject({ allowed: true });
    expect((await client.fetch("/tools/x")).status).toBe(200);
  });
});
