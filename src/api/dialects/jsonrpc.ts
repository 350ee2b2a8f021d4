/**
 * Refusals as JSON-RPC errors: the dialect of the MCP doors. An MCP client shows the message of the error and little
 * else, so every refusal has one, in a sentence that a person can act on, under the id of its request.
 */
import type { ResponseConfig } from "@asteasolutions/zod-to-openapi";
import { z } from "zod";
import { PROBLEMS, type ProblemCode } from "../../contract/problem-codes.ts";
import { defined } from "../../kernel/defined.ts";
import { unreachable } from "../../kernel/result.ts";
import { errorMessage, ownCode, RPC_ERRORS, type RpcError } from "../../mcp/errors.ts";
import type { Refusal } from "../../operations/answer/refusal.ts";
import { FAULTS } from "../door-refusals.ts";
import type { About, Dialect } from "./dialect.ts";
import { whoRefused } from "./who-refused.ts";

type RpcRefusal =
  /** Of the protocol: its code and status are the revision's. */
  | { readonly kind: "protocol"; readonly error: RpcError; readonly status: number }
  /**
   * The token does not cover the request. `scopes` are all that the operation needs, so that a client asks once
   * (RFC 6750 §3.1).
   */
  | { readonly kind: "scope"; readonly detail: string; readonly scopes: readonly string[] }
  /** Of Dome, as any other door says it. */
  | { readonly kind: "door"; readonly refusal: Refusal };

/** Refusals that JSON-RPC has a code for; the others have their HTTP status, outside of the reserved range. */
const CODES: Readonly<Partial<Record<ProblemCode, number>>> = {
  malformed_json: RPC_ERRORS.parse,
  invalid_request: RPC_ERRORS.invalidRequest,
  internal: RPC_ERRORS.internal,
};

const codeOf = (code: ProblemCode): number => CODES[code] ?? ownCode(PROBLEMS[code].status);

function doorRefusal(refusal: Refusal, about: About): Response {
  const { code, detail, errors, retryAfterSeconds, call } = refusal;
  // `who`: a client that sees an error of its own making, of Dome's or of the upstream's should not have to guess.
  const data = {
    who: whoRefused(code),
    code,
    request_id: about.requestId,
    ...call,
    ...defined({ errors }),
  };
  return rpcResponse(
    about,
    PROBLEMS[code].status,
    { code: codeOf(code), message: detail, data },
    {
      ...defined({ "retry-after": retryAfterSeconds?.toString() }),
      ...challengeFor(code, about),
    },
  );
}

function challengeFor(code: ProblemCode, { challenge }: About): Readonly<Record<string, string>> {
  if (code !== "unauthenticated" && code !== "invalid_token") return {};
  // RFC 6750 §3.1: a request without a credential gets no error code.
  return bearer(code === "invalid_token" ? 'error="invalid_token"' : "", challenge);
}

const bearer = (...parts: readonly string[]): Readonly<Record<string, string>> => ({
  "www-authenticate": `Bearer ${parts.filter((part) => part !== "").join(", ")}`.trim(),
});

function refuse(refused: RpcRefusal, about: About): Response {
  switch (refused.kind) {
    case "protocol":
      return rpcResponse(about, refused.status, refused.error);
    case "scope": {
      const data = {
        who: "dome",
        code: "scope_insufficient",
        scopes: refused.scopes,
        request_id: about.requestId,
      };
      const scope = `scope="${refused.scopes.join(" ")}"`;
      return rpcResponse(
        about,
        403,
        { code: ownCode(403), message: refused.detail, data },
        bearer('error="insufficient_scope"', scope, about.challenge),
      );
    }
    case "door":
      return doorRefusal(refused.refusal, about);
    default:
      return unreachable(refused);
  }
}

const rpcResponse = (
  { rpcId = null }: About,
  status: number,
  error: RpcError,
  headers: Readonly<Record<string, string>> = {},
): Response =>
  new Response(errorMessage(rpcId, error), {
    status,
    headers: { "content-type": "application/json", ...headers },
  });

const documented: ResponseConfig = {
  description: "A JSON-RPC error (MCP)",
  content: {
    "application/json": {
      schema: z.object({
        jsonrpc: z.literal("2.0"),
        id: z.union([z.string(), z.int(), z.null()]),
        error: z.object({ code: z.int(), message: z.string(), data: z.unknown().optional() }),
      }),
    },
  },
};

export const jsonrpcDialect: Dialect<RpcRefusal> = {
  name: "jsonrpc",
  refuse,
  decline: doorRefusal,
  fault: (fault, about) => doorRefusal(FAULTS[fault], about),
  methodNotAllowed(allow, about) {
    const refused = doorRefusal({ code: "method_not_allowed", detail: `This route takes ${allow}.` }, about);
    refused.headers.set("allow", allow);
    return refused;
  },
  documented,
};
