/** What Dome answers in place of an upstream. */
import { describe, expect, it } from "vitest";
import { errorMessage, RPC_ERRORS, statusOf, supportedVersions } from "../../../src/mcp/errors.ts";
import { isList, isRemovedInModern, isServed } from "../../../src/mcp/methods.ts";
import { emptyResult, failedCall } from "../../../src/mcp/tool-result.ts";

describe("the HTTP status of an error", () => {
  it.each([
    [RPC_ERRORS.parse, 400],
    [RPC_ERRORS.invalidRequest, 400],
    [RPC_ERRORS.methodNotFound, 404],
    [RPC_ERRORS.invalidParams, 400],
    [RPC_ERRORS.headerMismatch, 400],
    [RPC_ERRORS.missingCapability, 400],
    [RPC_ERRORS.unsupportedVersion, 400],
  ])("that the door finds: %i is %i", (code, status) => {
    expect(statusOf(code, "at_the_door")).toBe(status);
  });

  it("about the thing that was asked for is 200, as for an unknown tool; a missing capability alone is 400", () => {
    expect(statusOf(RPC_ERRORS.invalidParams, "by_the_handler")).toBe(200);
    expect(statusOf(RPC_ERRORS.missingCapability, "by_the_handler")).toBe(400);
  });
});

describe("an error", () => {
  it("has the id of its request, with type and value", () => {
    expect(errorMessage(0, { code: -32_602, message: "no" })).toBe(
      '{"jsonrpc":"2.0","id":0,"error":{"code":-32602,"message":"no"}}',
    );
    expect(errorMessage("", { code: -32_602, message: "no" })).toContain('"id":""');
    expect(errorMessage(null, { code: -32_700, message: "no" })).toContain('"id":null');
  });

  it("names versions only as -32022, and only texts", () => {
    expect(supportedVersions({ code: -32_022, message: "", data: { supported: ["2025-11-25", 7] } })).toEqual(
      ["2025-11-25"],
    );
    expect(supportedVersions({ code: -32_022, message: "", data: null })).toEqual([]);
    expect(supportedVersions({ code: -32_000, message: "", data: { supported: ["2025-11-25"] } })).toEqual(
      [],
    );
  });
});

describe("a call that Dome refuses", () => {
  it("is a result that the model reads, with the decision beside it for programs", () => {
    const text = failedCall("a", "legacy", { sentence: "You may not.", decision: { id: "dec_1" } });
    expect(JSON.parse(text)).toEqual({
      jsonrpc: "2.0",
      id: "a",
      result: {
        content: [{ type: "text", text: "You may not." }],
        isError: true,
        _meta: { "dome/decision": { id: "dec_1" } },
      },
    });
  });

  it("says in the modern era that it is complete, as every result does", () => {
    expect(JSON.parse(failedCall(1, "modern", { sentence: "No." }))).toEqual({
      jsonrpc: "2.0",
      id: 1,
      result: { resultType: "complete", content: [{ type: "text", text: "No." }], isError: true },
    });
  });
});

describe("a method", () => {
  it.each(["ping", "initialize", "logging/setLevel", "resources/subscribe", "resources/unsubscribe"])(
    "%s is served in the legacy era alone",
    (method) => {
      expect([isServed(method, "legacy"), isServed(method, "modern")]).toEqual([true, false]);
    },
  );

  it.each(["server/discover", "subscriptions/listen"])("%s is served in the modern era alone", (method) => {
    expect([isServed(method, "legacy"), isServed(method, "modern")]).toEqual([false, true]);
  });

  it.each([
    "tasks/get",
    "tasks/list",
    "tasks/result",
    "tasks/cancel",
    "tasks/update",
    "constructor",
    "toString",
  ])("%s is served in neither", (method) => {
    expect([isServed(method, "legacy"), isServed(method, "modern")]).toEqual([false, false]);
  });

  it("that the modern revision removed is answered by Dome with an empty result, for a legacy client", () => {
    expect(["ping", "logging/setLevel", "tools/call"].map((method) => isRemovedInModern(method))).toEqual([
      true,
      true,
      false,
    ]);
    expect(emptyResult(0)).toBe('{"jsonrpc":"2.0","id":0,"result":{}}');
  });

  it("is a list where its answer is filtered per agent", () => {
    expect(["tools/list", "prompts/list", "tools/call"].map((method) => isList(method))).toEqual([
      true,
      true,
      false,
    ]);
  });
});
