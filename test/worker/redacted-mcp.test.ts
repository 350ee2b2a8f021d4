/** Answers of MCP servers whose entries redact, at both doors and in each pair of eras: what the client hears. */
import { beforeAll, describe, expect, it, test } from "vitest";
import { modernRequest } from "../support/mcp-client-request.ts";
import { eventually } from "../support/worker-api.ts";
import {
  api,
  event,
  eventsOf,
  heard,
  here,
  json,
  LegacyClient,
  modernCall,
  send,
  servers,
  type Heard,
} from "./mcp-eras.fixture.ts";

const CARD = "4111111111111111";
const IBAN = "DE89370400440532013000";

beforeAll(async () => {
  for (const name of ["legacy", "modern", "both"]) await patch(name, {});
});

const patch = (name: string, more: object) =>
  api.call("PATCH", `/tools/${name}?workspace=${here.home}`, {
    body: {
      redact_paths: ["/customer/iban", "/**/token"],
      redact_patterns: ["card_number", "/EMP-\\d{6}/"],
      redact_unreadable: "refuse",
      ...more,
    },
  });

const outcomeOf = (decision: unknown) =>
  eventually(async () => {
    const entries = await api.audit({ workspace: here.home, kind: "call.outcome" });
    const found = entries.find((entry) => entry.decision_id === decision);
    expect(found).toBeDefined();
    return found;
  });

const INNER = JSON.stringify({ customer: { iban: IBAN, name: "Ada", big: 0 } }).replace(
  ":0",
  ":12345678901234567890",
);
const INNER_LEFT = INNER.replace(IBAN, "[redacted]");

/** All that a result may say of a customer, and what is left of it. */
const RESULT = {
  content: [
    { type: "text", text: INNER },
    { type: "text", text: `of EMP-123456, paid with ${CARD}` },
    { type: "resource", resource: { uri: "x:1", mimeType: "application/json", text: INNER } },
    { type: "resource_link", uri: "x:2", name: "n", description: `EMP-123456` },
  ],
  structuredContent: { customer: { iban: IBAN, name: "Ada" }, list: [{ token: { a: 1 } }], result: INNER },
  _meta: { "x/y": { token: "t" } },
};
const LEFT = {
  content: [
    { type: "text", text: INNER_LEFT },
    { type: "text", text: "of [redacted], paid with [redacted]" },
    { type: "resource", resource: { uri: "x:1", mimeType: "application/json", text: INNER_LEFT } },
    { type: "resource_link", uri: "x:2", name: "n", description: "[redacted]" },
  ],
  structuredContent: {
    customer: { iban: "[redacted]", name: "Ada" },
    list: [{ token: "[redacted]" }],
    result: INNER_LEFT,
  },
  _meta: { "x/y": { token: "[redacted]" } },
};

type Call = (tool: string, id: string | number) => Promise<Heard>;
const PAIRS: readonly (readonly [string, string, Call])[] = ["legacy", "modern", "both"].flatMap((tool) => [
  ["modern", tool, (name, id) => modernCall(name, "look", {}, { id })] as const,
  ["legacy", tool, async (name, id) => (await LegacyClient.connect(name)).call("look", {}, id)] as const,
]);

describe.each(PAIRS)("a %s client hears of the server %s", (_era, tool, call) => {
  it("a result without what the entry redacts: texts, JSON in texts, resources, structured content", async () => {
    servers.answer = ({ message }) => json({ id: message?.id, result: RESULT });
    const { body, headers } = await call(tool, 7);
    expect(body).toMatchObject({ id: 7, result: LEFT });
    expect(await outcomeOf(headers.get("dome-decision-id"))).toMatchObject({
      outcome: "completed",
      data: { redacted: 8 },
    });
  });

  it("the same in a stream of events, and nothing of what stands beside the messages", async () => {
    servers.answer = ({ message }) =>
      eventsOf(
        `: ${CARD}\nx-${CARD}: 1\ndata: ${JSON.stringify({ jsonrpc: "2.0", id: message?.id, result: RESULT })}\n\n`,
      );
    const { text } = await call(tool, "a");
    expect(text).not.toContain(CARD);
    expect(JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? "")).toMatchObject({ id: "a", result: LEFT });
  });

  it("an error without it, in its message and its data", async () => {
    const error = {
      code: -32_000,
      message: `no ${CARD}`,
      data: { customer: { iban: IBAN }, token: 1, text: INNER },
    };
    servers.answer = ({ message }) => json({ id: message?.id, error });
    expect((await call(tool, 1)).body).toMatchObject({
      error: {
        code: -32_000,
        message: "no [redacted]",
        data: { customer: { iban: "[redacted]" }, token: "[redacted]", text: INNER_LEFT },
      },
    });
  });

  it("no image, because nobody can look into it", async () => {
    servers.answer = ({ message }) =>
      json({
        id: message?.id,
        result: { content: [{ type: "image", data: "aGk=", mimeType: "image/png" }] },
      });
    const { status, text } = await call(tool, 1);
    expect([status, text]).toEqual([
      502,
      expect.stringContaining('"who":"dome","code":"answer_not_redactable"'),
    ]);
    expect(text).not.toContain("aGk=");
  });

  it("no text that is JSON in part: it is masked whole", async () => {
    servers.answer = ({ message }) =>
      json({ id: message?.id, result: { content: [{ type: "text", text: `Found: ${INNER}` }] } });
    expect((await call(tool, 1)).body).toMatchObject({ result: { content: [{ text: "[redacted]" }] } });
  });
});

describe("on the way to the result", () => {
  const progress = (token: unknown): string =>
    event({
      method: "notifications/progress",
      params: { progressToken: token, progress: 1, message: `at ${CARD}` },
    });
  const log = event({
    method: "notifications/message",
    params: { level: "error", logger: "EMP-123456", data: { customer: { iban: IBAN }, text: `of ${CARD}` } },
  });

  it.each(["legacy", "modern"])(
    "progress and logs of the server %s are redacted, but not the client's own token",
    async (tool) => {
      servers.answer = ({ message }) => {
        const meta = message?.params?.["_meta"] as { progressToken: unknown };
        return eventsOf(
          progress(meta.progressToken),
          log,
          event({ id: message?.id, result: { content: [] } }),
        );
      };
      const { headers, body } = modernRequest("tools/call", { name: "look", arguments: {} });
      const meta = `"_meta":{"progressToken":"${CARD}","io.modelcontextprotocol/logLevel":"debug",`;
      const { text } = await heard(await send(tool, "POST", headers, body.replace('"_meta":{', meta)));
      const messages = Array.from(
        text.matchAll(/^data: (.*)$/gm),
        ([, data = ""]) => JSON.parse(data) as object,
      );
      expect(messages).toMatchObject([
        { params: { progressToken: CARD, message: "at [redacted]" } },
        {
          params: { logger: "[redacted]", data: { customer: { iban: "[redacted]" }, text: "of [redacted]" } },
        },
        { id: 1, result: {} },
      ]);
    },
  );

  it("an image ends the stream with an error, and the act is recorded as failed by Dome", async () => {
    const content = [{ type: "image", data: "aGk=", mimeType: "image/png" }];
    servers.answer = ({ message }) => eventsOf(event({ id: message?.id, result: { content } }));
    const client = await LegacyClient.connect("legacy");
    const { text, headers } = await client.call("look");
    expect(text).toContain('"code":"answer_not_redactable"');
    expect(text).not.toContain("aGk=");
    expect(await outcomeOf(headers.get("dome-decision-id"))).toMatchObject({
      outcome: "failed",
      reason: "answer_not_redactable",
      data: { who: "dome" },
    });
  });
});

describe("the stream that a legacy client opens", () => {
  it("is redacted, also where it takes up an answer behind an event (Last-Event-ID), and in its ids", async () => {
    const client = await LegacyClient.connect("legacy");
    servers.answer = () =>
      eventsOf(
        `id: 7\nretry: 10\n: ${CARD}\ndata:\n\n`,
        event({ id: 1, result: RESULT }, "8"),
        event({ id: 2, result: { content: [] } }, `s-${CARD}`),
      );
    const text = await (await send("legacy", "GET", { ...client.headers, "last-event-id": "6" })).text();
    expect(text).not.toMatch(new RegExp(`${CARD}|${IBAN}|EMP-1`));
    expect(text).toContain("id: 7\nretry: 10\n");
    expect(text).toContain("id: 8\n");
    expect(text).toContain(JSON.stringify(LEFT.content[1]?.text));
  });
});

describe("at the door of all servers", () => {
  it("results, resources and lists are redacted as at the door of one", async () => {
    servers.answer = ({ message }) =>
      json({
        id: message?.id,
        result: { resultType: "complete", ...RESULT, ttlMs: 0, cacheScope: "private" },
      });
    expect((await modernCall("", "modern.look")).body).toMatchObject({ result: LEFT });

    const contents = [{ uri: "x:1", text: INNER }];
    servers.answer = ({ message }) =>
      json({
        id: message?.id,
        result: { resultType: "complete", contents, ttlMs: 0, cacheScope: "private" },
      });
    const read = modernRequest("resources/read", { uri: "modern.x:1" });
    expect((await heard(await send("", "POST", read.headers, read.body))).body).toMatchObject({
      result: { contents: [{ uri: "modern.x:1", text: INNER_LEFT }] },
    });

    const prompts = [{ name: "p", description: `of ${CARD}` }];
    servers.answer = ({ message }) => json({ id: message?.id, result: { resultType: "complete", prompts } });
    const list = modernRequest("prompts/list");
    expect((await heard(await send("", "POST", list.headers, list.body))).text).not.toContain(CARD);
  });
});

describe("prompts and completions", () => {
  test.each([
    [
      "prompts/get",
      { name: "p" },
      { messages: [{ role: "user", content: { type: "text", text: INNER } }] },
      INNER_LEFT,
    ],
    [
      "completion/complete",
      { ref: { type: "ref/prompt", name: "p" }, argument: { name: "a", value: "x" } },
      { completion: { values: [`EMP-123456`] } },
      "[redacted]",
    ],
  ])("%s is redacted", async (method, params, result, left) => {
    servers.answer = ({ message }) =>
      json({ id: message?.id, result: { resultType: "complete", ...result } });
    const { headers, body } = modernRequest(method, params);
    const { text } = await heard(await send("modern", "POST", headers, body));
    expect(text).toContain(JSON.stringify(left));
    expect(text).not.toMatch(new RegExp(`${IBAN}|EMP-1`));
  });
});

describe("a hostile server", () => {
  test.each([
    [
      "spells names in escapes",
      `{"structuredContent":{"customer":{"\\u0069b\\u0061n":"${IBAN}"}},"content":[]}`,
    ],
    [
      "puts JSON in JSON in JSON",
      `{"content":[{"type":"text","text":${JSON.stringify(JSON.stringify(INNER))}}]}`,
    ],
    ["hides digits in escapes", '{"content":[{"type":"text","text":"\\u0034111111111111111"}]}'],
    ["sends a number", `{"structuredContent":{"n":${CARD},"e":4.111111111111111e15},"content":[]}`],
    ["makes a name of it", `{"structuredContent":{"${CARD}":1,"EMP-123456":2},"content":[]}`],
    ["hides it beside", `{"content":[],"nextCursor":"${CARD}","_meta":{"a":"EMP-123456"}}`],
    [
      "wraps it in a list",
      `{"structuredContent":[{"customer":1}],"content":[{"type":"text","text":"[${INNER.replaceAll('"', '\\"')}"}]}`,
    ],
  ])("that %s is redacted nevertheless", async (_what, result) => {
    servers.answer = ({ message }) =>
      new Response(`{"jsonrpc":"2.0","id":${JSON.stringify(message?.id)},"result":${result}}`, {
        headers: { "content-type": "application/json" },
      });
    const { text } = await modernCall("modern", "look");
    const again = JSON.stringify(JSON.parse(text));
    expect(again).not.toMatch(/4111111111111111|DE8937|EMP-1/);
  });

  it("that puts it where a client needs a number is not passed on at all", async () => {
    servers.answer = ({ message }) => json({ id: message?.id, error: { code: Number(CARD), message: "x" } });
    const { text } = await modernCall("modern", "look");
    expect(text).toContain("answer_not_redactable");
    expect(text).not.toContain(CARD);
  });

  it("that repeats a member is refused, as without redaction", async () => {
    servers.answer = ({ message }) =>
      new Response(
        `{"jsonrpc":"2.0","id":${String(message?.id)},"result":{"content":[],"content":["${CARD}"]}}`,
        {
          headers: { "content-type": "application/json" },
        },
      );
    expect((await modernCall("modern", "look")).text).toContain("upstream_failed");
  });
});

it("passes binary content where the entry says so, byte for byte, and redacts the rest", async () => {
  await patch("modern", { redact_unreadable: "pass" });
  const data = `${CARD}aaaa`;
  servers.answer = ({ message }) =>
    json({
      id: message?.id,
      result: {
        content: [
          { type: "image", data, mimeType: "image/png" },
          { type: "text", text: CARD },
        ],
      },
    });
  await eventually(async () => {
    expect((await modernCall("modern", "look")).body).toMatchObject({
      result: { content: [{ data }, { text: "[redacted]" }] },
    });
  });
  await patch("modern", {});
});
