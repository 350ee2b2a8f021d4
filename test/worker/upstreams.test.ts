/** The servers behind tools that Dome calls itself: what is taken, and the secrets that nobody sees again. */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it, test } from "vitest";
import { toolSecret, toolSecretList } from "../../src/contract/upstream.ts";
import { toHex } from "../../src/kernel/bytes.ts";
import { freshWorkspace, operator, operatorToken, problemOf } from "../support/worker-api.ts";

const api = operator();
const URL = "https://api.example.com/v2";
const SECRET = "upstream-6f0c2b1e9a";
let home: string;

beforeAll(async () => {
  home = await freshWorkspace();
});

const added = (name: string, more: object = {}) =>
  api.addTool({ name, workspace: home, kind: "http", url: URL, auth: { type: "bearer" }, ...more });
const at = (path: string) => `/tools/${path}?workspace=${home}`;
const giveSecret = async (name: string, value: string = SECRET, key?: string) =>
  toolSecret.parse(
    (
      await api.call("POST", at(`${name}/secrets`), {
        body: { value },
        ...(key === undefined ? {} : { key }),
      })
    ).body,
  );
const secretsOf = async (name: string) =>
  toolSecretList.parse((await api.call("GET", at(`${name}/secrets`))).body).items;
const shown = async (name: string) => (await api.call("GET", at(name))).body;

describe("a tool that Dome calls itself", () => {
  it("is kept and shown as it was sent, by name and in the list", async () => {
    const made = await added("kept", {
      auth: { type: "basic", username: "robot" },
      forward_headers: ["idempotency-key"],
    });
    expect(made).toMatchObject({
      kind: "http",
      url: URL,
      auth: { type: "basic", username: "robot" },
      forward_headers: ["idempotency-key"],
      credential: "missing",
    });
    expect(await shown("kept")).toEqual(made);
    expect(await api.addTool({ name: "plain", workspace: home })).toMatchObject({
      kind: "local",
      url: null,
      auth: { type: "none" },
      forward_headers: [],
      credential: "not_needed",
    });
  });

  test.each<[string, object, string, RegExp]>([
    ["without a URL", { url: null }, "url", /needs the URL/],
    ["without https", { url: "http://api.example.com" }, "url", /https:\/\/ URL/],
    ["at an address", { url: "https://10.0.0.1" }, "url", /not an IP address/],
    ["at a name of a private network", { url: "https://metadata.google.internal" }, "url", /public name/],
    ["at another port", { url: "https://api.example.com:8443" }, "url", /DOME_EGRESS_ALLOW/],
    ["with a user in it", { url: "https://u:p@api.example.com" }, "url", /user name or password/],
    ["with a query", { url: "https://api.example.com/a?b=c" }, "url", /query/],
    ["with an empty query", { url: "https://api.example.com/a?" }, "url", /query/],
    ["with a fragment", { url: "https://api.example.com/a#b" }, "url", /fragment/],
    ["with an escape", { url: "https://api.example.com/a%2Fb" }, "url", /plain/],
    ["with an empty segment", { url: "https://api.example.com/a//b" }, "url", /plain/],
    ["with a parameter in its path", { url: "https://api.example.com/a;b" }, "url", /plain/],
    ["with dots in its path", { url: "https://api.example.com/a/../b" }, "url", /Write the URL as/],
    ["in another spelling", { url: "HTTPS://API.example.com/v2" }, "url", /https:\/\/api.example.com\/v2/],
    ["that leads back here", { url: "https://dome.example" }, "url", /this Dome|public name/],
    ["with a colon in its user name", { auth: { type: "basic", username: "a:b" } }, "auth.username", /colon/],
    [
      "with a header that frames messages",
      { auth: { type: "header", name: "content-length" } },
      "auth.name",
      /credential/,
    ],
    ["that forwards a credential", { forward_headers: ["authorization"] }, "forward_headers.0", /credential/],
    ["that forwards a cookie", { forward_headers: ["set-cookie"] }, "forward_headers.0", /credential/],
    ["that forwards what is Dome's", { forward_headers: ["dome-act-as"] }, "forward_headers.0", /Dome's/],
    ...["location", "refresh", "clear-site-data", "strict-transport-security", "nel"].map(
      (header): [string, object, string, RegExp] => [
        `that forwards ${header}, which takes effect on Dome's origin`,
        { forward_headers: [header] },
        "forward_headers.0",
        /Dome's own origin/,
      ],
    ),
    [
      "that forwards a header of another method than was decided on",
      { forward_headers: ["x-tenant", "x-http-method-override"] },
      "forward_headers.1",
      /another call/,
    ],
    [
      "that forwards the header of its credential",
      { auth: { type: "header", name: "x-key" }, forward_headers: ["x-key"] },
      "forward_headers",
      /credential/,
    ],
    ["of the kind local, with a URL", { kind: "local", auth: { type: "none" } }, "url", /local tool/],
    ["of an unknown kind", { kind: "stdio" }, "kind", /local/],
  ])(
    "is refused %s, at add and at change, with the member and the reason",
    async (_what, more, member, why) => {
      const body = {
        name: "odd",
        workspace: home,
        kind: "http",
        url: URL,
        auth: { type: "bearer" },
        ...more,
      };
      const refused = await api.call("POST", "/tools", { body });
      expect(problemOf(refused)).toMatchObject({ status: 400, code: "invalid_request", members: [member] });
      expect(JSON.stringify(refused.body)).toMatch(why);
      if ("kind" in more) return;
      const there = await api.call("GET", at("changing"));
      if (there.status === 404) await added("changing");
      const changed = await api.call("PATCH", at("changing"), { body: more });
      expect(problemOf(changed)).toMatchObject({ status: 400, members: [member] });
    },
  );
});

describe("the secret of a tool", () => {
  it("is sent newest first, several at once while one is rotated, and shown in no answer (P4)", async () => {
    await added("rotated");
    const first = await giveSecret("rotated");
    const second = await giveSecret("rotated", `${SECRET}-2`);
    expect(await shown("rotated")).toMatchObject({ credential: "kept", version: 3 });
    expect(await secretsOf("rotated")).toEqual([second, { ...first, in_use: false }]);
    const removed = await api.call("DELETE", at(`rotated/secrets/${first.id}`));
    expect(removed.body).toEqual({ id: first.id, tool: "rotated", removed: true });
    expect(await secretsOf("rotated")).toEqual([second]);
    expect((await api.call("DELETE", at(`rotated/secrets/${first.id}`))).status).toBe(404);
    expect((await api.call("DELETE", at("rotated/secrets/sec_x"))).status).toBe(404);
    await api.call("DELETE", at(`rotated/secrets/${second.id}`));
    expect(await shown("rotated")).toMatchObject({ credential: "missing" });
  });

  it("is kept sealed, and a repeat adds none and can be guessed from nothing that is kept (P4, P12)", async () => {
    await added("sealed");
    const first = await giveSecret("sealed", SECRET, "the-same");
    expect(await giveSecret("sealed", SECRET, "the-same")).toEqual(first);
    expect(await secretsOf("sealed")).toHaveLength(1);
    const other = await api.call("POST", at("sealed/secrets"), { body: { value: "other" }, key: "the-same" });
    expect(problemOf(other).code).toBe("idempotency_mismatch");
    const row = await env.DB.prepare("SELECT sealed FROM tool_secrets WHERE id = ?").bind(first.id).first();
    expect(row?.["sealed"]).toMatch(/^dome_sealed_1\./);
    const line = `POST /api/v1/tools/sealed/secrets?workspace=${home}\n${JSON.stringify({ value: SECRET })}`;
    const plain = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(line)));
    const kept = await env.DB.prepare("SELECT count(*) AS n FROM idempotency WHERE body_digest = ?")
      .bind(toHex(plain))
      .first();
    expect(kept).toEqual({ n: 0 });
  });

  it("stays with its server: the tool is not pointed elsewhere while it has one", async () => {
    await added("pointed");
    const { id } = await giveSecret("pointed");
    const elsewhere = { body: { url: "https://collector.example.net" } };
    const refused = await api.call("PATCH", at("pointed"), elsewhere);
    expect(problemOf(refused)).toMatchObject({ status: 400, members: ["url"] });
    expect(
      (await api.call("PATCH", at("pointed"), { body: { url: "https://api.example.com/v3" } })).status,
    ).toBe(200);
    await api.call("DELETE", at(`pointed/secrets/${id}`));
    expect((await api.call("PATCH", at("pointed"), elsewhere)).status).toBe(200);
  });

  it("goes with its tool: another tool of the same name has none", async () => {
    await added("gone");
    await giveSecret("gone");
    await api.call("DELETE", at("gone"));
    expect(await added("gone")).toMatchObject({ credential: "missing" });
    expect(await secretsOf("gone")).toEqual([]);
  });

  test.each([
    ["with a line end in it", "a\r\nx: y"],
    ["with a space at its end", "a "],
    ["that is empty", ""],
    ["that is too long", "x".repeat(4097)],
    ["that is a key of Dome", `dome_at_${"0".repeat(49)}`],
  ])("is refused %s, and is not repeated", async (_what, value) => {
    if ((await api.call("GET", at("strict"))).status === 404) await added("strict");
    const refused = await api.call("POST", at("strict/secrets"), { body: { value } });
    expect(problemOf(refused)).toMatchObject({ status: 400, code: "invalid_request" });
    expect(JSON.stringify(refused.body)).not.toContain(JSON.stringify(value));
  });

  it("is not taken by a tool that needs none, nor more than five at once", async () => {
    await api.addTool({ name: "open", workspace: home, kind: "http", url: URL });
    const refused = await api.call("POST", at("open/secrets"), { body: { value: SECRET } });
    expect(problemOf(refused)).toMatchObject({ status: 400, members: ["auth"] });
    await added("many");
    for (let count = 0; count < 5; count += 1) await giveSecret("many", `${SECRET}-${count}`);
    const more = await api.call("POST", at("many/secrets"), { body: { value: SECRET } });
    expect(problemOf(more)).toMatchObject({ status: 400, members: ["value"] });
  });

  it("is recorded when it is added and removed, without its value (P8, P4)", async () => {
    await added("recorded");
    const { id } = await giveSecret("recorded");
    await api.call("DELETE", at(`recorded/secrets/${id}`));
    await expect
      .poll(
        async () =>
          (await api.audit({ workspace: home, kind: "catalog.*" }))
            .filter(({ target }) => target?.id === "recorded")
            .map(({ kind }) => kind),
        { timeout: 8_000 },
      )
      .toEqual(expect.arrayContaining(["catalog.tool_secret_added", "catalog.tool_secret_removed"]));
    expect(JSON.stringify(await api.audit({ workspace: home, kind: "catalog.*" }))).not.toContain(SECRET);
  });

  it("is added by those who may write the catalog, and listed by those who may read it", async () => {
    await added("guarded");
    const auditor = operator(await operatorToken({ subject: "ann", role: "auditor" }));
    expect((await auditor.call("POST", at("guarded/secrets"), { body: { value: SECRET } })).status).toBe(403);
    expect((await auditor.call("GET", at("guarded/secrets"))).status).toBe(200);
  });
});
