/**
 * A change of what is allowed cuts the MCP calls that would be denied now, in both eras, and the client hears why. It does
 * not disturb any other call (P1).
 */
import { beforeEach, describe, expect, it } from "vitest";
import { modernRequest } from "../support/mcp-client-request.ts";
import type { Registered } from "../support/worker-api.ts";
import {
  api,
  event,
  here,
  LegacyClient,
  send,
  servers,
  TOOLS,
  type Message,
  type Sent,
} from "./mcp-eras.fixture.ts";

const LATER = { timeout: 15_000 };

/** A stream with one message, open until Dome closes the connection. */
function open({ signal }: Sent): Response {
  const start = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    const message = event({ method: "notifications/message", params: { level: "info", data: "begun" } });
    controller.enqueue(new TextEncoder().encode(message));
    signal?.addEventListener("abort", () => controller.error(new Error("closed")));
  };
  return new Response(new ReadableStream<Uint8Array>({ start }), {
    headers: { "content-type": "text/event-stream" },
  });
}

beforeEach(() => {
  servers.answer = open;
});

const started = (name: string): Promise<Registered> =>
  api.start({ name, workspace: here.home, surface: { tools: ["legacy", "modern", "both"] } });

/** A stream that has begun; at its end, what it has said since then. */
async function begun(response: Response): Promise<() => Promise<readonly Message[]>> {
  expect(response.status).toBe(200);
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  expect(new TextDecoder().decode((await reader.read()).value)).toContain("begun");
  return async () => {
    let text = "";
    for (let read = await reader.read(); !read.done; read = await reader.read())
      text += new TextDecoder().decode(read.value);
    const data = text.split("\n").filter((line) => line.startsWith("data: "));
    return data.map((line) => JSON.parse(line.slice("data: ".length)) as Message);
  };
}

async function modern(tool: string, name: string, credential: string): Promise<Response> {
  const { headers, body } = modernRequest("tools/call", { name, arguments: { q: "x" } }, "mine");
  return send(tool, "POST", headers, body, credential);
}

const legacy = async (tool: string, name: string, credential: string): Promise<Response> => {
  const client = await LegacyClient.connect(tool, credential);
  return client.open({ id: "mine", method: "tools/call", params: { name, arguments: { q: "x" } } });
};

const outcomesOf = async (agent: Registered, operation: string) =>
  (await api.audit({ workspace: here.home, kind: "call.outcome", agent: agent.id })).filter(
    ({ target }) => target?.id === operation,
  );

const CUT = { outcome: "cut", data: { kind: "no_longer_allowed", who: "policy" } };

describe.each([
  ["modern", modern],
  ["legacy", legacy],
] as const)("a %s client's stream", (era, call) => {
  it("ends with the reason when its agent's surface loses the tool", async () => {
    const agent = await started(`narrowed-${era}`);
    const ended = await begun(await call(era, "search", agent.secret));
    await api.update(agent.id, { surface: { tools: ["both"] } });
    expect(await ended()).toMatchObject([
      {
        id: "mine",
        error: {
          message: expect.stringMatching(
            /not allowed any more; it may have had its effect.*not declared/,
          ) as string,
          data: { who: "policy", code: "denied", reason: "surface_undeclared" },
        },
      },
    ]);
    expect(servers.sent.find(({ message }) => message?.method === "tools/call")?.signal?.aborted).toBe(true);
    await expect
      .poll(() => outcomesOf(agent, `${era}/search`), LATER)
      .toMatchObject([{ ...CUT, reason: "surface_undeclared", layer: "surface" }]);
  });

  it("ends when its operation is quarantined, and the stream of another operation goes on", async () => {
    const agent = await started(`quarantined-${era}`);
    const [search = TOOLS[0], look] = TOOLS;
    const ended = await begun(await call(era, "search", agent.secret));
    const other = await call(era, "look", agent.secret);
    await begun(other.clone());
    const changed = { ...search, description: `Searches, and more, in the ${era} era` };
    servers.tools = [changed, look ?? changed];
    await api.call("POST", `/tools/${era}/refresh?workspace=${here.home}`);
    expect(await ended()).toMatchObject([{ error: { data: { reason: "operation_quarantined" } } }]);
    await expect
      .poll(() => outcomesOf(agent, `${era}/search`), LATER)
      .toMatchObject([{ ...CUT, reason: "operation_quarantined" }]);
    const [, looking] = servers.sent.filter(({ message }) => message?.method === "tools/call");
    expect(looking?.signal?.aborted).toBe(false);
    await other.body?.cancel();
  });
});

it("the stream on which a legacy client hears its server ends with its agent's right to it", async () => {
  const agent = await started("listening");
  const client = await LegacyClient.connect("legacy", agent.secret);
  const { "content-type": _type, ...headers } = client.headers;
  const ended = await begun(await send("legacy", "GET", headers, null, agent.secret));
  await api.update(agent.id, { surface: { tools: ["both"] } });
  expect(await ended()).toEqual([]);
  await expect
    .poll(() => outcomesOf(agent, "legacy/MCP /subscriptions/listen"), LATER)
    .toMatchObject([{ ...CUT, reason: "surface_undeclared" }]);
});
