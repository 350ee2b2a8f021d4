/**
 * Refusals of OAuth endpoints, in the form of RFC 6749 §5.2 and never as problems, because OAuth clients read nothing
 * else.
 */
import { PROBLEMS } from "../../contract/problem-codes.ts";
import { oauthError, type OAuthErrorCode } from "../../contract/oauth.ts";
import { defined } from "../../kernel/defined.ts";
import type { Refusal } from "../../operations/answer/refusal.ts";
import { FAULTS } from "../door-refusals.ts";
import type { Dialect } from "./dialect.ts";

/** A refusal of an OAuth door, in the members of RFC 6749 §5.2. */
export interface OAuthRefusal {
  readonly status: number;
  readonly error: OAuthErrorCode;
  readonly description: string;
  readonly domeError?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Every answer of an OAuth endpoint is `no-store` (RFC 6749 §5.1). */
export const UNCACHED = { "cache-control": "no-store", pragma: "no-cache" } as const;

function oauthResponse({ status, error, description, domeError, headers }: OAuthRefusal): Response {
  const body = {
    error,
    // RFC 6749 §5.2: %x20-21 / %x23-5B / %x5D-7E.
    error_description: description.replaceAll(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, " "),
    ...defined({ dome_error: domeError }),
  };
  return new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/json", ...UNCACHED, ...headers },
  });
}

/**
 * The registered code for a refusal of any door. A refusal after which the caller may retry is
 * `temporarily_unavailable`.
 */
function errorFor(status: number): OAuthErrorCode {
  if (status === 401) return "invalid_client";
  if (status === 403) return "unauthorized_client";
  if (status === 429 || status === 503) return "temporarily_unavailable";
  return status >= 500 ? "server_error" : "invalid_request";
}

/** A refusal of any door, in OAuth's form. */
export function oauthRefusal({ code, detail, retryAfterSeconds }: Refusal): OAuthRefusal {
  const { status } = PROBLEMS[code];
  return {
    status,
    error: errorFor(status),
    description: detail,
    ...defined({
      domeError: code === "rate_limited" ? code : undefined,
      headers: retryAfterSeconds === undefined ? undefined : { "retry-after": String(retryAfterSeconds) },
    }),
  };
}

export const oauthDialect: Dialect<OAuthRefusal> = {
  name: "oauth",
  refuse: oauthResponse,
  decline: (refusal) => oauthResponse(oauthRefusal(refusal)),
  fault: (fault) => oauthResponse(oauthRefusal(FAULTS[fault])),
  methodNotAllowed: (allow) =>
    oauthResponse({
      status: 405,
      error: "invalid_request",
      description: `This endpoint takes ${allow} only`,
      headers: { allow },
    }),
  documented: {
    description: "An OAuth error (RFC 6749 §5.2)",
    content: { "application/json": { schema: oauthError } },
  },
};
