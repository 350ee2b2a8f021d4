/** Refusals at the MCP doors: clients show the message of an error under the id of their request, and nothing else. */
import { describe, expect, it } from "vitest";
import { PROBLEMS, type ProblemCode } from "../../../src/contract/problem-codes.ts";
import { jsonrpcDialect } from "../../../src/api/dialects/jsonrpc.ts";

const METADATA = 'resource_metadata="https://dome.example/.well-known/oauth-protected-resource/mcp/zendesk"';
const about = { requestId: "req_1", challenge: METADATA, rpcId: 7 };
const answer = async (response: Response) => ({
  status: response.status,
  challenge: response.headers.get("www-authenticate"),
  body: (await response.json()) as { id: unknown; error: { code: number; message: string; data: object } },
});

/** What the caller has to change itself; any other refusal is Dome's. */
const OF_THE_CALLER: ReadonlySet<string> = new Set([
  "malformed_json",
  "invalid_request",
  "not_found",
  "method_not_allowed",
  "not_acceptable",
  "body_timeout",
  "body_too_large",
  "unsupported_media_type",
  "session_over",
]);

describe("a refusal of an MCP door", () => {
  it.each(Object.keys(PROBLEMS) as ProblemCode[])(
    "says %s with its status, in one sentence, under the request's id, and whose it is",
    async (code) => {
      const response = jsonrpcDialect.decline({ code, detail: "Do this instead." }, about);
      const { status, body } = await answer(response);
      expect(status).toBe(PROBLEMS[code].status);
      expect(body).toMatchObject({
        jsonrpc: "2.0",
        id: 7,
        error: {
          message: "Do this instead.",
          data: { who: OF_THE_CALLER.has(code) ? "caller" : "dome", code, request_id: "req_1" },
        },
      });
      const { code: number } = body.error;
      const isReserved = number <= -32_000 && number >= -32_768;
      expect(isReserved && ![-32_700, -32_600, -32_603].includes(number)).toBe(false);
    },
  );

  it.each([0, "", "a", null])("keeps the id %j", async (rpcId) => {
    const response = jsonrpcDialect.decline({ code: "unavailable", detail: "Later." }, { ...about, rpcId });
    expect((await answer(response)).body.id).toBe(rpcId);
  });

  it("has the id null where none is known", async () => {
    const response = jsonrpcDialect.fault("internal", { requestId: "req_1", challenge: "" });
    expect((await answer(response)).body).toMatchObject({ id: null, error: { code: -32_603 } });
  });

  it("says when to come back", () => {
    const response = jsonrpcDialect.fault("unavailable", about);
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "1"]);
  });
});

describe("a challenge of an MCP door", () => {
  it("has no error where there was no credential (RFC 6750 §3.1)", async () => {
    const response = jsonrpcDialect.decline({ code: "unauthenticated", detail: "Send one." }, about);
    expect((await answer(response)).challenge).toBe(`Bearer ${METADATA}`);
  });

  it("names invalid_token, and where to get a better one", async () => {
    const response = jsonrpcDialect.decline({ code: "invalid_token", detail: "No." }, about);
    expect(await answer(response)).toMatchObject({
      status: 401,
      challenge: `Bearer error="invalid_token", ${METADATA}`,
    });
  });

  it("names all scopes that the operation needs, so that a client asks once", async () => {
    const scopes = ["tool:zendesk/create_ticket", "tool:zendesk/search"];
    const response = jsonrpcDialect.refuse(
      { kind: "scope", detail: "The token does not cover it.", scopes },
      about,
    );
    expect(await answer(response)).toMatchObject({
      status: 403,
      challenge: `Bearer error="insufficient_scope", scope="${scopes.join(" ")}", ${METADATA}`,
      body: { id: 7, error: { code: 4030, data: { scopes } } },
    });
  });

  it("is in no other refusal, because a client would start to authorize anew", () => {
    for (const code of ["forbidden", "unavailable", "rate_limited"] as const) {
      expect(
        jsonrpcDialect.decline({ code, detail: "No." }, about).headers.get("www-authenticate"),
      ).toBeNull();
    }
  });
});

describe("an error of the protocol", () => {
  it("keeps its code, its data and the status that the revision gives it", async () => {
    const error = {
      code: -32_022,
      message: "The revision here is 2026-07-28.",
      data: { supported: ["2026-07-28"] },
    };
    const response = jsonrpcDialect.refuse({ kind: "protocol", error, status: 400 }, about);
    expect(await answer(response)).toMatchObject({ status: 400, body: { jsonrpc: "2.0", id: 7, error } });
  });

  it("says which methods a path takes", () => {
    const response = jsonrpcDialect.methodNotAllowed("POST", about);
    expect([response.status, response.headers.get("allow")]).toEqual([405, "POST"]);
  });
});
