/** What 2026-07-28 asks of a request, and the headers that repeat its body. */
import { describe, expect, it } from "vitest";
import { decodeHeaderValue, encodeHeaderValue } from "../../../src/mcp/header-value.ts";
import { checkModernRequest, standardHeaders } from "../../../src/mcp/modern-request.ts";

const META = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
};
const request = (method: string, params: object = {}) => ({
  kind: "request" as const,
  id: 1,
  method,
  params: { _meta: META, ...params },
});
const check = (asked: ReturnType<typeof request>, headers: Record<string, string>) => {
  const checked = checkModernRequest(asked, new Headers(headers));
  return checked.ok ? "passes" : checked.error.code;
};

describe("a modern request", () => {
  const call = request("tools/call", { name: "echo" });
  const headers = { "mcp-method": "tools/call", "mcp-name": "echo" };

  it("passes with the headers that repeat its body, whatever the case of their names", () => {
    expect(check(call, headers)).toBe("passes");
    expect(check(call, { "MCP-METHOD": "tools/call", "Mcp-Name": " echo " })).toBe("passes");
    expect(check(request("tools/list"), { "mcp-method": "tools/list" })).toBe("passes");
  });

  it.each([
    ["without _meta", { _meta: undefined }],
    ["without a version", { _meta: { "io.modelcontextprotocol/clientCapabilities": {} } }],
    ["without capabilities", { _meta: { "io.modelcontextprotocol/protocolVersion": "2026-07-28" } }],
    ["with a version that is no text", { _meta: { ...META, "io.modelcontextprotocol/protocolVersion": 1 } }],
    [
      "with capabilities that are a list",
      { _meta: { ...META, "io.modelcontextprotocol/clientCapabilities": [] } },
    ],
  ])("is refused with -32602 %s", (_what, params) => {
    expect(check(request("tools/call", { name: "echo", ...params }), headers)).toBe(-32_602);
  });

  it("needs no clientInfo and no logLevel", () => {
    expect(Object.keys(META)).not.toContain("io.modelcontextprotocol/clientInfo");
    expect(check(call, headers)).toBe("passes");
  });

  it.each([
    ["no Mcp-Method", { "mcp-name": "echo" }],
    ["another Mcp-Method", { ...headers, "mcp-method": "tools/list" }],
    ["a method in other letters", { ...headers, "mcp-method": "TOOLS/CALL" }],
    ["no Mcp-Name", { "mcp-method": "tools/call" }],
    ["another Mcp-Name", { ...headers, "mcp-name": "delete" }],
    ["a name in other letters", { ...headers, "mcp-name": "Echo" }],
    ["two names", { ...headers, "mcp-name": "echo, delete" }],
    ["base64 without its padding", { ...headers, "mcp-name": "=?base64?ZWNobw?=" }],
    ["base64 of other letters", { ...headers, "mcp-name": "=?base64?ZW*obw==?=" }],
  ])("is refused with -32020 for %s, because header and body must not ask for two things", (_what, given) => {
    expect(check(call, given)).toBe(-32_020);
  });

  it("may name the tool in base64", () => {
    expect(check(call, { ...headers, "mcp-name": "=?base64?ZWNobw==?=" })).toBe("passes");
    const url = request("resources/read", { uri: "test://ä" });
    expect(check(url, { "mcp-method": "resources/read", "mcp-name": "=?base64?dGVzdDovL8Ok?=" })).toBe(
      "passes",
    );
  });

  it.each(["tools/call", "prompts/get"])("repeats the name of %s in Mcp-Name", (method) => {
    expect(check(request(method, { name: "a" }), { "mcp-method": method })).toBe(-32_020);
    expect(check(request(method, { name: "a" }), { "mcp-method": method, "mcp-name": "a" })).toBe("passes");
  });

  it("repeats the address of resources/read in Mcp-Name", () => {
    const read = request("resources/read", { uri: "test://a" });
    expect(check(read, { "mcp-method": "resources/read" })).toBe(-32_020);
    expect(check(read, { "mcp-method": "resources/read", "mcp-name": "test://a" })).toBe("passes");
  });

  it("is refused with -32022 for a version that Dome does not speak, and told which one it speaks", () => {
    const params = { _meta: { ...META, "io.modelcontextprotocol/protocolVersion": "2027-01-01" } };
    const checked = checkModernRequest(
      request("tools/list", params),
      new Headers({ "mcp-method": "tools/list" }),
    );
    expect(checked).toMatchObject({
      ok: false,
      error: { code: -32_022, data: { supported: ["2026-07-28"], requested: "2027-01-01" } },
    });
  });

  it("is refused as a task, because its id would outlive the decision", () => {
    expect(check(request("tools/call", { name: "echo", task: {} }), headers)).toBe(-32_602);
  });
});

describe("a value in a header", () => {
  it.each([
    ["Zürich ", "=?base64?WsO8cmljaCA=?="],
    ["", "=?base64??="],
    [" a", "=?base64?IGE=?="],
    ["a\nb", "=?base64?YQpi?="],
    ["=?base64?YQ==?=", "=?base64?PT9iYXNlNjQ/WVE9PT89?="],
  ])("wraps %j, which a header would not keep", (value, written) => {
    expect(encodeHeaderValue(value)).toBe(written);
    expect(decodeHeaderValue(written)).toBe(value);
  });

  it.each(["a", "a b", "a\tb", "=?base64?YQ==", "YQ==?=", "=?other?YQ==?="])("keeps %j as it is", (value) => {
    expect(encodeHeaderValue(value)).toBe(value);
    expect(decodeHeaderValue(value)).toBe(value);
  });

  it("is no value when its base64 is not UTF-8, or has a second spelling", () => {
    expect(decodeHeaderValue("=?base64?/w==?=")).toBeNull();
    expect(decodeHeaderValue("=?base64?YQ=?=")).toBeNull();
    expect(decodeHeaderValue("=?base64?Y Q==?=")).toBeNull();
  });
});

describe("the headers for a modern upstream", () => {
  it("repeat method and name, encoded", () => {
    const headers = standardHeaders({ method: "tools/call", params: { name: "größe" } });
    expect(Object.fromEntries(headers)).toEqual({
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": "tools/call",
      "mcp-name": "=?base64?Z3LDtsOfZQ==?=",
    });
  });

  it("name nothing for a list", () => {
    expect(standardHeaders({ method: "tools/list", params: { name: "a" } }).has("mcp-name")).toBe(false);
  });
});
