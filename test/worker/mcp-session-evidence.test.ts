/** What a legacy client sends beside requests: each that reaches a server is decided on and recorded (P8). */
import { beforeAll, describe, expect, it, vi } from "vitest";
import { like, token } from "../support/worker-api.ts";
import { api, event, eventsOf, heard, here, LegacyClient, send, servers } from "./mcp-eras.fixture.ts";

interface Entry {
  readonly kind: string;
  readonly decision_id?: string | undefined;
  readonly outcome?: string | undefined;
  readonly reason?: string | undefined;
}

let secret: string;
beforeAll(async () => {
  const surface = { tools: ["legacy/search", "modern/search"] };
  ({ secret } = await api.start({ name: "recorded", workspace: here.home, surface }));
});

interface Answer {
  readonly headers: Headers;
  readonly body?: { readonly error?: unknown };
}

/** The records of the decision that an answer names, in its header or in its error, the oldest first. */
async function recordsOf({ headers, body }: Answer): Promise<readonly Entry[]> {
  const error = body?.error as { readonly data?: { readonly decision_id?: string } } | undefined;
  const made = headers.get("dome-decision-id") ?? error?.data?.decision_id ?? null;
  const entries: readonly Entry[] = await api.audit({ workspace: here.home });
  return entries.filter(({ decision_id }) => made !== null && decision_id === made).toReversed();
}
const told = ({ kind, outcome, reason }: Entry): string =>
  outcome === undefined ? kind : `${kind} ${outcome}${outcome === "failed" ? ` ${reason ?? ""}` : ""}`;
const story = async (answer: Answer): Promise<readonly string[]> => (await recordsOf(answer)).map(told);

/** A ledger takes what an outbox holds within a few seconds. */
const SOON = { timeout: 10_000 };

describe("initialize of a legacy client", () => {
  it("is a call: its intent has the decision, its outcome the session at the server as a digest (P8)", async () => {
    const { initialized } = await LegacyClient.connect("legacy", secret);
    await expect.poll(() => story(initialized), SOON).toEqual(["call.intent", "call.outcome completed"]);
    expect(await recordsOf(initialized)).toMatchObject([
      {
        kind: "call.intent",
        action: "mcp:call",
        target: { type: "tool", id: "legacy/MCP /initialize" },
        decision: "allow",
        arguments_digest: like(/./),
      },
      {
        kind: "call.outcome",
        outcome: "completed",
        data: { status: 200, upstream_session: like(/^[0-9a-f]{16}$/) },
      },
    ]);
  });

  it("is a call at a modern server too, which it reaches before Dome speaks to it in its own era", async () => {
    const { initialized } = await LegacyClient.connect("modern", secret);
    await expect.poll(() => story(initialized), SOON).toEqual(["call.intent", "call.outcome completed"]);
  });

  it("is allowed to whoever declares a part of the tool, and to a token for a part of it", async () => {
    const narrow = await token(secret, { scope: "tool:legacy/search" });
    for (const credential of [secret, narrow]) {
      const client = await LegacyClient.connect("legacy", credential);
      expect(client.initialized.status).toBe(200);
      expect((await client.post({ method: "notifications/initialized" })).status).toBe(202);
    }
  });

  it("is answered for a tool that is not declared as for one that is not there, and reaches nobody (P1, P11)", async () => {
    const [one, other] = await Promise.all(
      ["both", "nowhere"].map(async (tool) => (await LegacyClient.connect(tool, secret)).initialized),
    );
    if (one === undefined || other === undefined) throw new Error("no answers");
    expect(one.body).toMatchObject({ error: { code: -32_602 } });
    const unnamed = ({ body }: typeof one) => JSON.stringify(body).replace(/dec_\w+/, "dec_");
    expect(unnamed(one)).toBe(unnamed(other));
    expect(servers.sent).toEqual([]);
    await expect.poll(() => story(one), SOON).toEqual(["decision"]);
  });
});

describe("a message of a legacy client to which nothing is answered", () => {
  const CANCELLED = { method: "notifications/cancelled", params: { requestId: 7 } };

  it.each([
    ["notifications/initialized", { method: "notifications/initialized" }],
    ["notifications/cancelled", CANCELLED],
    ["notifications/roots/list_changed", { method: "notifications/roots/list_changed" }],
    [
      "notifications/progress",
      { method: "notifications/progress", params: { progressToken: 1, progress: 1 } },
    ],
    ["response", { id: 0, result: { roots: [] } }],
    ["response", { id: 0, error: { code: -1, message: "no" } }],
  ])("leaves one record, which states it wholly: %s", async (part, message) => {
    const client = await LegacyClient.connect("legacy", secret);
    const answer = await client.post(message);
    expect(answer.status).toBe(202);
    expect(servers.sent.at(-1)?.message).toEqual({ jsonrpc: "2.0", ...message });
    const after = await client.call("search");
    await expect.poll(() => story(after), SOON).toEqual(["call.intent", "call.outcome completed"]);
    await expect.poll(() => story(answer), SOON).toEqual(["call.notice"]);
    expect((await recordsOf(answer))[0]).toMatchObject({
      target: { id: `legacy/MCP /${part}` },
      action: "mcp:call",
      decision: "allow",
      arguments_digest: like(/./),
    });
  });

  it("has an outcome, too, when the server does not take it, and the client hears why", async () => {
    const client = await LegacyClient.connect("legacy", secret);
    servers.sessions.clear();
    const answer = await client.post(CANCELLED);
    expect([answer.status, answer.body.error]).toMatchObject([404, { data: { who: "upstream" } }]);
    await expect.poll(() => story(answer), SOON).toEqual(["call.notice", "call.outcome failed session_over"]);
  });

  it("leaves none when no server hears of it: at a modern server, and of a kind that is none of its era", async () => {
    const modern = await LegacyClient.connect("modern", secret);
    const legacy = await LegacyClient.connect("legacy", secret);
    servers.sent.length = 0;
    for (const answer of [
      await modern.post({ method: "notifications/initialized" }),
      await legacy.post({ method: "notifications/other" }),
    ])
      expect([answer.status, answer.headers.has("dome-decision-id")]).toEqual([202, false]);
    expect(servers.sent).toEqual([]);
  });
});

describe("a server that puts callers off", () => {
  const putOff = (status: number) =>
    vi
      .mocked(fetch)
      .mockImplementation(() =>
        Promise.resolve(new Response("later", { status, headers: { "retry-after": "30" } })),
      );
  const said = async (answer: Answer) => {
    await expect.poll(async () => (await recordsOf(answer)).length, SOON).toBe(2);
    const [, outcome] = await recordsOf(answer);
    return {
      after: answer.headers.get("retry-after"),
      reason: outcome?.reason,
      attempts: (outcome as { data?: { attempts?: unknown } } | undefined)?.data?.attempts,
    };
  };
  const told = { after: "30", reason: "upstream_unavailable", attempts: 1 };

  it.each([429, 503])("says when a session may be begun, and is not asked again: %i", async (status) => {
    putOff(status);
    const asked = vi.mocked(fetch).mock.calls.length;
    const { initialized } = await LegacyClient.connect("legacy", secret);
    expect(vi.mocked(fetch).mock.calls.length - asked).toBe(1);
    expect(await said(initialized)).toEqual(told);
  });

  it("says when a notification may be sent, and when the session may end", async () => {
    const client = await LegacyClient.connect("legacy", secret);
    putOff(503);
    expect(await said(await client.post({ method: "notifications/initialized" }))).toEqual(told);
    expect(await said(await heard(await send("legacy", "DELETE", client.headers, null, secret)))).toEqual(
      told,
    );
  });
});

describe("the end and the stream of a session", () => {
  it("are calls (P8)", async () => {
    const client = await LegacyClient.connect("legacy");
    servers.answer = () => eventsOf(event({ method: "notifications/tools/list_changed" }));
    const heard = await send("legacy", "GET", client.headers);
    await heard.text();
    const ended = await send("legacy", "DELETE", client.headers);
    expect([heard.status, ended.status]).toEqual([200, 204]);
    for (const { headers } of [heard, ended])
      await expect.poll(() => story({ headers }), SOON).toEqual(["call.intent", "call.outcome completed"]);
  });

  it("end a session that the server has forgotten all the same", async () => {
    const client = await LegacyClient.connect("legacy", secret);
    servers.sessions.clear();
    expect((await send("legacy", "DELETE", client.headers, null, secret)).status).toBe(204);
    expect((await client.post({ id: 2, method: "ping" })).status).toBe(404);
  });
});
