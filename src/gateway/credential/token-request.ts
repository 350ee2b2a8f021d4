/**
 * One request at the token endpoint of a server's authorization server (RFC 6749 §4.4, RFC 8693, RFC 7523), through the
 * guarded way out. Nothing of the answer but the token and its life is used.
 */
import { readAll } from "../../egress/chunks.ts";
import type { Egress } from "../../egress/egress.ts";
import type { UpstreamEnd, UpstreamLimits } from "../../egress/open.ts";
import type { UpstreamAuth } from "../../contract/upstream.ts";
import { toBase64, utf8 } from "../../kernel/bytes.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import { parseJsonBytes } from "../../kernel/strict-json.ts";

export type OAuth = Extract<UpstreamAuth, { readonly type: "oauth_client_credentials" }>;

export interface IssuedToken {
  readonly token: string;
  /** From the time of the request on, in milliseconds. */
  readonly lifeMs: number;
}

export type TokenFault =
  /** It answers, and not with a token: the client, the assertion or the scope is not accepted there. */
  | { readonly kind: "token_refused"; readonly status: number }
  /** Its address is not one that Dome calls. */
  | { readonly kind: "address_refused" }
  | { readonly kind: UpstreamEnd };

const LIMITS: UpstreamLimits = { headersMs: 10_000, silenceMs: 5_000, bytes: 65_536 };
/** Where the answer does not say how long a token lives (RFC 6749 §5.1 only recommends it), in seconds. */
const UNKNOWN_LIFE_S = 60;
/** No token is kept longer, in seconds. */
const MOST_LIFE_S = 3_600;
/** RFC 6750 §2.1, up to a length that fits into a header with the rest. */
const TOKEN = /^[A-Za-z0-9\-._~+/]{1,8192}=*$/;

/**
 * @param form the grant and its parameters; the client's own are added.
 * @param signal ends the request.
 */
export async function requestToken(
  egress: Pick<Egress, "open">,
  { token_url: url, client_id: id, client_auth: where }: OAuth,
  secret: string,
  form: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Result<IssuedToken, TokenFault>> {
  const body = new URLSearchParams(form);
  const headers = new Headers({
    "content-type": "application/x-www-form-urlencoded",
    accept: "application/json",
  });
  if (where === "post") {
    body.set("client_id", id);
    body.set("client_secret", secret);
  } else headers.set("authorization", `Basic ${toBase64(utf8(`${escaped(id)}:${escaped(secret)}`))}`);
  const request = { method: "POST", url, headers, body: utf8(body.toString()), signal };
  const opened = await egress.open(request, LIMITS);
  if (!opened.ok) return err({ kind: opened.error.kind });
  const { status, body: answer } = opened.value;
  const read = await readAll(answer);
  if (!read.ok) return err({ kind: read.error });
  const issued = status === 200 ? issuedIn(read.value) : null;
  return issued === null ? err({ kind: "token_refused", status }) : ok(issued);
}

/** RFC 6749 §2.3.1: both are encoded as in a form before they are joined with a colon. */
const escaped = (text: string): string => new URLSearchParams({ x: text }).toString().slice(2);

function issuedIn(bytes: Uint8Array): IssuedToken | null {
  const parsed = parseJsonBytes(bytes, { numbers: "finite" });
  const body = parsed.ok ? parsed.value : null;
  if (typeof body !== "object" || body === null) return null;
  const { access_token: token, token_type: type, expires_in: life } = body as Record<string, unknown>;
  if (typeof token !== "string" || !TOKEN.test(token)) return null;
  if (typeof type !== "string" || type.toLowerCase() !== "bearer") return null;
  const seconds = typeof life === "number" && life >= 0 ? Math.min(life, MOST_LIFE_S) : UNKNOWN_LIFE_S;
  return { token, lifeMs: seconds * 1000 };
}
