import { describe, expect, it, test } from "vitest";
import { MessageRedaction } from "../../../../src/gateway/mcp/redact-message.ts";

const CARD = "4111111111111111";
const redaction = (redactUnreadable: "pass" | "refuse" = "refuse") =>
  new MessageRedaction({
    redaction: { redactPaths: ["/iban"], redactPatterns: ["card_number"], redactUnreadable },
  });
const heard = (message: object, unreadable: "pass" | "refuse" = "refuse"): unknown => {
  const redacted = redaction(unreadable).message(JSON.stringify({ jsonrpc: "2.0", ...message }));
  return redacted.ok ? JSON.parse(redacted.value) : redacted.error;
};

describe("binary content", () => {
  const image = { type: "image", data: `${CARD}AAAA`, mimeType: "image/png" };
  const resource = { type: "resource", resource: { uri: "x:1", blob: `${CARD}AAAA` } };
  const ask = { method: "sampling/createMessage", params: { messages: [{ role: "user", content: image }] } };
  const places: readonly (readonly [string, object])[] = [
    ["a result of a tool", { id: 1, result: { content: [image] } }],
    ["an embedded resource", { id: 1, result: { content: [resource] } }],
    ["a resource", { id: 1, result: { contents: [{ uri: "x:1", blob: `${CARD}AAAA` }] } }],
    ["a prompt", { id: 1, result: { messages: [{ role: "user", content: image }] } }],
    ["a prompt with several", { id: 1, result: { messages: [{ role: "user", content: [resource] }] } }],
    ["a question of the server", { id: 1, ...ask }],
    ["a question in a result", { id: 1, result: { inputRequests: { "a/b": ask } } }],
    [
      "a result within a question",
      {
        id: 1,
        method: "sampling/createMessage",
        params: { messages: [{ role: "user", content: [{ type: "tool_result", content: [image] }] }] },
      },
    ],
  ];
  test.each(places)("of %s is refused, or passes as it is where the entry says so", (_where, message) => {
    expect(heard(message)).toBe("answer_not_redactable");
    expect(heard(message, "pass")).toEqual({ jsonrpc: "2.0", ...message });
  });

  test.each([
    ["structured content", { id: 1, result: { content: [], structuredContent: { image: image } } }],
    ["the data of an error", { id: 1, error: { code: 1, message: "x", data: image } }],
    ["a log", { method: "notifications/message", params: { level: "info", data: { blob: CARD } } }],
    ["another block", { id: 1, result: { content: [{ type: "text", text: "x", data: CARD, blob: CARD }] } }],
    ["a resource's neighbour", { id: 1, result: { content: [{ ...resource, resource: {}, blob: CARD }] } }],
    ["a name with slashes", { id: 1, result: { content: [image], "content/0/data": CARD } }],
  ])("is none in %s, so that nothing hides behind its name", (_where, message) => {
    for (const unreadable of ["refuse", "pass"] as const) {
      const got = heard(message, unreadable);
      if (got === "answer_not_redactable") continue;
      const text = JSON.stringify(got).replaceAll(JSON.stringify(image), "");
      expect(text).toContain("[redacted]");
      expect(text).not.toContain(`"${CARD}`);
    }
  });

  it("of one place does not let the same text pass at another one", () => {
    const content = [image, { type: "text", text: image.data }];
    expect(heard({ id: 1, result: { content } }, "pass")).toMatchObject({
      result: { content: [image, { text: "[redacted]AAAA" }] },
    });
  });

  it("that is not base64 is a text, whatever the server calls it", () => {
    const content = [{ type: "image", data: `paid with ${CARD}`, mimeType: "image/png" }];
    expect(heard({ id: 1, result: { content } }, "pass")).toMatchObject({
      result: { content: [{ data: "paid with [redacted]" }] },
    });
  });
});

describe("what is the client's own", () => {
  it("is the token of its progress, and not a member that only looks like its place", () => {
    const params = { progressToken: CARD, progress: 1 };
    expect(heard({ method: "notifications/progress", params, "params/progressToken": CARD })).toEqual({
      jsonrpc: "2.0",
      method: "notifications/progress",
      params,
      "params/progressToken": "[redacted]",
    });
  });
});
