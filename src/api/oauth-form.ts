/** Forms and client authentication of the OAuth endpoints (RFC 6749 §2.3.1, §3.2). */
import { fromBase64, fromUtf8 } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { ClientCredential } from "../oauth/authenticate-client.ts";
import { mediaType, readBytes } from "./body.ts";
import { unauthenticated } from "./oauth-problem.ts";
import type { OAuthRefusal } from "./oauth-refusal.ts";

export const invalidRequest = (description: string): OAuthRefusal => ({
  status: 400,
  error: "invalid_request",
  description,
});

/** RFC 8707 and RFC 8693 let `resource` and `audience` stand twice; a token for two doors could be replayed at the other one (RFC 9700 §2.3). */
const TWO_TARGETS: OAuthRefusal = {
  status: 400,
  error: "invalid_target",
  description: "One target per token",
};

/** One value per parameter (RFC 6749 §3.2); an empty one counts as left out; secrets in the query are refused. */
export async function readForm(http: Request): Promise<Result<ReadonlyMap<string, string>, OAuthRefusal>> {
  if (new URL(http.url).search !== "")
    return err(invalidRequest("Parameters belong into the body, not into the URL"));
  if (mediaType(http.headers.get("content-type")) !== "application/x-www-form-urlencoded") {
    return err(invalidRequest("Send the body as application/x-www-form-urlencoded"));
  }
  const read = await readBytes(http);
  if (!read.ok) return err({ ...invalidRequest("The body is too large"), status: 413 });
  const text = utf8Text(read.value);
  if (text === undefined) return err(invalidRequest("The body is not UTF-8"));
  const form = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) {
    if (form.has(name))
      return err(
        name === "resource" || name === "audience"
          ? TWO_TARGETS
          : invalidRequest("A parameter is there twice"),
      );
    form.set(name, value);
  }
  return ok(new Map([...form].filter(([, value]) => value !== "")));
}

interface PresentedCredential extends ClientCredential {
  readonly scheme: "Basic" | "Bearer";
}

/** Basic `agt_…:dome_at_…` (RFC 6749 §2.3.1: both parts form-encoded first), or `Bearer dome_at_…`; never two ways. */
export function clientCredential(
  authorization: string | null,
  form: ReadonlyMap<string, string>,
): Result<PresentedCredential, OAuthRefusal> {
  if (form.has("client_secret") || form.has("client_assertion")) {
    return err(invalidRequest("Authenticate with the Authorization header, and with nothing else"));
  }
  const named = form.get("client_id");
  const [, scheme = "", value = ""] = /^(Basic|Bearer) +(\S+)$/i.exec(authorization ?? "") ?? [];
  if (scheme.toLowerCase() === "bearer")
    return ok({ scheme: "Bearer", secret: value, client: named ?? null });
  const decoded = scheme === "" ? undefined : base64Text(value);
  // The first colon ends the client id (RFC 7617 §2). Cut at every colon, a key with anything behind it would pass.
  const [, user = "", password = ""] = /^([^:]*):(.*)$/s.exec(decoded ?? "") ?? [];
  const [client, secret] = [formDecode(user), formDecode(password)];
  if (!client || !secret)
    return err(unauthenticated(/^Bearer\b/i.test(authorization ?? "") ? "Bearer" : "Basic"));
  if (named !== undefined && named !== client)
    return err(invalidRequest("client_id is not the one that authenticates"));
  return ok({ scheme: "Basic", secret, client });
}

function formDecode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}

function base64Text(text: string): string | undefined {
  try {
    return fromUtf8(fromBase64(text));
  } catch {
    return undefined;
  }
}

function utf8Text(bytes: Uint8Array): string | undefined {
  try {
    return fromUtf8(bytes);
  } catch {
    return undefined;
  }
}
