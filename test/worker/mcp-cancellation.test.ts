/**
 * A legacy client cancels a request by a notification, in another HTTP request (2025-11-25, "Cancellation"). A modern
 * server has no such notification: its request is closed.
 */
import { describe, expect, it } from "vitest";
import { anotherIsolate } from "../support/second-isolate.ts";
import { TEST_ISSUER } from "../support/fixed-secrets.ts";
import { whenEffective } from "../support/worker-api.ts";
import { api, event, here, LegacyClient, sentOf, servers, silent } from "./mcp-eras.fixture.ts";

const SEARCH = { method: "tools/call", params: { name: "search", arguments: {} } };
const AT_ALL = { method: "tools/call", params: { name: "modern.search", arguments: {} } };
const cancel = (requestId: unknown) => ({
  method: "notifications/cancelled",
  params: { requestId, reason: "no longer" },
});
const SOON = { timeout: 10_000 };

/** A tool that does not answer, on a stream that has begun or before it. */
const hanging = (how: "stream" | "answer") => {
  servers.answer = ({ signal }) =>
    how === "stream"
      ? silent()
      : new Promise((_resolve, reject) => {
          signal?.addEventListener("abort", () => reject(new Error("aborted")));
        });
};

const outcomeOf = async (response: Response): Promise<string> => {
  const decision = response.headers.get("dome-decision-id");
  const entries = await api.audit({ workspace: here.home, kind: "call.outcome" });
  const found = entries.find((each) => each.decision_id === decision);
  return `${found?.outcome ?? "open"} ${found?.reason ?? ""}`.trim();
};
const isClosed = (at = 0): boolean => sentOf("tools/call").at(at)?.signal?.aborted === true;

describe("a legacy client that cancels at a modern server", () => {
  it("closes the request there, gets no response, and leaves an outcome that says so", async () => {
    hanging("stream");
    const client = await LegacyClient.connect("modern");
    const response = await client.open({ id: 7, ...SEARCH });
    expect((await client.post(cancel(7))).status).toBe(202);
    expect(await response.text()).not.toContain("data:");
    await expect.poll(() => isClosed()).toBe(true);
    await expect.poll(() => outcomeOf(response), SOON).toBe("failed caller_cancelled");
    expect(sentOf("notifications/cancelled")).toEqual([]);
  });

  it("is answered with an empty stream where the server had not begun to answer", async () => {
    hanging("answer");
    const client = await LegacyClient.connect("modern");
    const answer = client.open({ id: "seven", ...SEARCH });
    await expect.poll(() => sentOf("tools/call").length).toBe(1);
    await client.post(cancel("seven"));
    const response = await answer;
    expect([response.status, response.headers.get("content-type"), await response.text()]).toEqual([
      200,
      "text/event-stream",
      "",
    ]);
    await expect.poll(() => isClosed()).toBe(true);
  });

  it("is answered with an error where it takes no stream, which it ignores", async () => {
    hanging("answer");
    const client = await LegacyClient.connect("modern");
    const answer = client.post({ id: 8, ...SEARCH }, { accept: "application/json" });
    await expect.poll(() => sentOf("tools/call").length).toBe(1);
    await client.post(cancel(8));
    expect((await answer).body).toMatchObject({ id: 8, error: { code: -32_603 } });
  });

  it("cancels the second request of one id also after the first has ended", async () => {
    hanging("stream");
    const client = await LegacyClient.connect("modern");
    const first = await client.open({ id: 7, ...SEARCH });
    const second = await client.open({ id: 7, ...SEARCH });
    await first.body?.cancel();
    await expect.poll(() => isClosed(0)).toBe(true);
    await client.post(cancel(7));
    await second.text();
    await expect.poll(() => isClosed(1)).toBe(true);
    await expect.poll(() => outcomeOf(second), SOON).toBe("failed caller_cancelled");
  });

  it("cancels at the door of all servers as well", async () => {
    hanging("stream");
    const client = await LegacyClient.connect("");
    const response = await client.open({ id: 0, ...AT_ALL });
    await client.post(cancel(0));
    await response.text();
    await expect.poll(() => isClosed()).toBe(true);
  });

  it("cancels a call of a legacy server there under the id that Dome has given it", async () => {
    hanging("stream");
    const client = await LegacyClient.connect("");
    const params = { name: "legacy.search", arguments: {} };
    const response = await client.open({ id: "mine", method: "tools/call", params });
    await client.post(cancel("mine"));
    await response.text();
    const [sent] = sentOf("tools/call");
    await expect.poll(() => sentOf("notifications/cancelled").length).toBe(1);
    const [told] = sentOf("notifications/cancelled");
    expect(told?.message?.params?.["requestId"]).toBe(sent?.message?.id);
    expect(told?.headers.get("mcp-session-id")).toBe(sent?.headers.get("mcp-session-id"));
  });
});

describe("an agent that drains", () => {
  it.each(["legacy", "modern"])(
    "may cancel what it has begun at a %s server, and begin nothing: to cancel ends an act (P3)",
    async (tool) => {
      const bot = await api.start({
        name: `drained-${tool}`,
        workspace: here.home,
        surface: { tools: [tool] },
      });
      hanging("stream");
      const client = await LegacyClient.connect(tool, bot.secret);
      const response = await client.open({ id: 7, ...SEARCH });
      await api.stop(bot.id, "suspend", { body: { drain_seconds: 600 } });
      await expect
        .poll(async () => (await client.post({ id: 8, ...SEARCH })).body.error, SOON)
        .toMatchObject({ data: { code: "draining" } });
      const initialized = await client.post({ method: "notifications/initialized" });
      expect(initialized.body.error).toMatchObject({ data: { code: "draining" } });
      expect((await client.post(cancel(7))).status).toBe(202);
      await response.text();
      await expect.poll(() => outcomeOf(response), SOON).toBe("failed caller_cancelled");
      expect(sentOf("notifications/cancelled")).toHaveLength(tool === "legacy" ? 1 : 0);
    },
  );
});

describe("what cancels nothing", () => {
  it.each([
    ["an id of another type", "7"],
    ["an id that was never used", 8],
    ["no id", undefined],
    ["what is no id", { id: 7 }],
    ["a fraction", 7.5],
  ])("%s", async (_what, requestId) => {
    hanging("stream");
    const client = await LegacyClient.connect("modern");
    const response = await client.open({ id: 7, ...SEARCH });
    expect((await client.post(cancel(requestId))).status).toBe(202);
    expect((await client.post(cancel(7))).status).toBe(202); // this one ends it
    await response.text();
    await expect.poll(() => outcomeOf(response), SOON).toBe("failed caller_cancelled");
  });

  it("another session of the same caller, with the same id (P11)", async () => {
    const server = { mayAnswer: false };
    servers.answer = ({ message }) => {
      // It looks by itself: a stream belongs to the request that reads it.
      const late = new ReadableStream<Uint8Array>({
        pull: async (controller) => {
          while (!server.mayAnswer) await new Promise((resolve) => setTimeout(resolve, 10));
          const result = { resultType: "complete", content: [] };
          controller.enqueue(new TextEncoder().encode(event({ id: message?.id, result })));
          controller.close();
        },
      });
      return new Response(late, { headers: { "content-type": "text/event-stream" } });
    };
    const [one, other] = [await LegacyClient.connect("modern"), await LegacyClient.connect("modern")];
    const response = await one.open({ id: 7, ...SEARCH });
    for (let n = 0; n < 20; n += 1) await other.post(cancel(7));
    await one.post({ id: 9, method: "ping" });
    server.mayAnswer = true;
    expect(await response.text()).toContain('"id":7');
    expect(await outcomeOf(response)).not.toContain("cancelled");
  });

  it("another agent with the session of this one (P11), and a stopped agent with its own (P3)", async () => {
    const thief = await api.start({ name: "thief", workspace: here.home, surface: { tools: ["modern"] } });
    const stopped = await api.start({ name: "over", workspace: here.home, surface: { tools: ["modern"] } });
    hanging("stream");
    const client = await LegacyClient.connect("modern");
    const own = await LegacyClient.connect("modern", stopped.secret);
    const response = await client.open({ id: 7, ...SEARCH });
    expect((await client.post(cancel(7), {}, thief.secret)).status).toBe(404);
    await whenEffective(() => api.stop(stopped.id, "suspend?wait=effective"));
    expect((await own.post(cancel(7))).status).toBeGreaterThanOrEqual(400);
    expect(isClosed()).toBe(false);
    await client.post(cancel(7));
    await response.text();
  });

  it("a request that comes later with an id that was cancelled before", async () => {
    const client = await LegacyClient.connect("modern");
    await client.post(cancel(7));
    expect((await client.call("search", {}, 7)).body).toMatchObject({ id: 7, result: { content: [{}] } });
  });

  it("a notification that reaches another isolate: the request goes on until its client disconnects", async () => {
    hanging("stream");
    const elsewhere = await anotherIsolate();
    const client = await LegacyClient.connect("modern");
    const response = await client.open({ id: 7, ...SEARCH });
    const headers = { ...client.headers, authorization: `Bearer ${here.bot.secret}` };
    const body = JSON.stringify({ jsonrpc: "2.0", ...cancel(7) });
    const told = await elsewhere(new Request(`${TEST_ISSUER}/mcp/modern`, { method: "POST", headers, body }));
    expect(told.status).toBe(202);
    expect(isClosed()).toBe(false);
    await response.body?.cancel();
    await expect.poll(() => isClosed()).toBe(true);
  });
});

describe("a legacy client that cancels at a legacy server, in the session of both", () => {
  it("is passed on once, and ends its own request, whose stream some servers leave open", async () => {
    hanging("stream");
    const client = await LegacyClient.connect("legacy");
    const response = await client.open({ id: 7, ...SEARCH });
    await client.post(cancel(7));
    await response.text();
    await expect.poll(() => isClosed()).toBe(true);
    await expect.poll(() => outcomeOf(response), SOON).toBe("failed caller_cancelled");
    expect(sentOf("notifications/cancelled").map(({ message }) => message?.params?.["requestId"])).toEqual([
      7,
    ]);
  });
});

describe("a legacy server hears of no cancellation", () => {
  it("of a request that it has not taken, before the request is repeated", async () => {
    const client = await LegacyClient.connect("legacy");
    const found = servers.answer;
    servers.answer = (sent) =>
      sentOf("tools/call").length === 1 ? new Response("away", { status: 503 }) : found(sent);
    expect((await client.call("look")).body).toMatchObject({ result: { content: [{ text: "found" }] } });
    expect(sentOf("tools/call").map(({ message }) => message?.id)).toEqual([1, 1]);
    expect(sentOf("notifications/cancelled")).toEqual([]);
  });

  it("without a session, in which the id may be that of another agent's request (P11)", async () => {
    hanging("stream");
    servers.areSessionless = true;
    const client = await LegacyClient.connect("legacy");
    const cancelled = await client.open({ id: 7, ...SEARCH });
    expect((await client.post(cancel(7))).status).toBe(202);
    await cancelled.text();
    await expect.poll(() => outcomeOf(cancelled), SOON).toBe("failed caller_cancelled");
    const left = await client.open({ id: 8, ...SEARCH });
    await left.body?.cancel();
    await expect.poll(() => [isClosed(0), isClosed(1)]).toEqual([true, true]);
    await expect.poll(() => outcomeOf(left), SOON).toBe("failed caller_gone");
    expect(sentOf("notifications/cancelled")).toEqual([]);
  });
});
