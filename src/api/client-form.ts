/** Forms and client authentication of the OAuth endpoints (RFC 6749 §2.3.1, §3.2). */
import { fromBase64, fromUtf8 } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { ClientCredential } from "../oauth/authenticate-client.ts";
import { parametersOf } from "./parameters.ts";
import { checkEncoding, mediaType, readBytes } from "./body.ts";
import { oauthRefusal, type OAuthRefusal } from "./dialects/oauth.ts";
import { invalidRequest, unauthenticated, type Scheme } from "./dialects/oauth-refusals.ts";

/**
 * RFC 8707 and RFC 8693 allow several `resource` and `audience` parameters. Dome allows one, because a token for two
 * doors could be replayed from one at the other (RFC 9700 §2.3).
 */
const TWO_TARGETS: OAuthRefusal = {
  status: 400,
  error: "invalid_target",
  description: "A token has one target: send one resource or audience",
};

const FORM = "application/x-www-form-urlencoded";

/**
 * The largest form, in bytes: several times an exchange with the longest tokens. Most senders have not authenticated
 * yet.
 */
export const MAX_FORM_BYTES = 65_536;

/** The largest form of a refused key that may revoke itself, in bytes. */
export const MAX_HELD_FORM_BYTES = 1_024;

/**
 * Reads a form with one value per parameter (RFC 6749 §3.2); an empty value counts as absent.
 * @param most the size limit, in bytes.
 */
export async function readForm(
  http: Request,
  most: number = MAX_FORM_BYTES,
): Promise<Result<ReadonlyMap<string, string>, OAuthRefusal>> {
  const encoded = checkEncoding(http);
  if (!encoded.ok) return err(oauthRefusal(encoded.error));
  if (mediaType(http.headers.get("content-type")) !== FORM) {
    return err(invalidRequest(`Send the body as ${FORM}`));
  }
  const read = await readBytes(http, most);
  if (!read.ok) return err(oauthRefusal(read.error));
  const text = utf8Text(read.value);
  const sent = text === undefined ? undefined : parametersOf(text);
  if (sent === undefined) return err(invalidRequest("The body is not UTF-8, or it has a broken escape"));
  const form = new Map<string, string>();
  for (const [name, value] of sent) {
    if (form.has(name))
      return err(
        name === "resource" || name === "audience" ? TWO_TARGETS : invalidRequest("A parameter is repeated"),
      );
    form.set(name, value);
  }
  return ok(new Map([...form].filter(([, value]) => value !== "")));
}

export interface PresentedCredential extends ClientCredential {
  readonly scheme: Scheme;
}

/**
 * Reads Basic `agt_…:dome_at_…` (RFC 6749 §2.3.1: both parts are form-encoded first), or `Bearer dome_at_…`.
 * @returns null without the header; then the form may hold the credential.
 */
export function credentialInHeader(
  authorization: string | null,
): Result<PresentedCredential | null, OAuthRefusal> {
  if (authorization === null || authorization === "") return ok(null);
  const [, scheme = "", value = ""] = /^(Basic|Bearer) +(\S+)$/i.exec(authorization) ?? [];
  if (scheme.toLowerCase() === "bearer") return ok({ scheme: "Bearer", secret: value, client: null });
  const decoded = scheme === "" ? undefined : base64Text(value);
  // The first colon ends the client id (RFC 7617 §2). If the text were split at every colon, a key followed by other
  // text would pass.
  const [, user = "", password = ""] = /^([^:]*):(.*)$/s.exec(decoded ?? "") ?? [];
  const [client, secret] = [formDecode(user), formDecode(password)];
  if (client && secret) return ok({ scheme: "Basic", secret, client });
  return err(unauthenticated(/^Bearer\b/i.test(authorization) ? "Bearer" : "Basic"));
}

/** Reads `client_secret_post` (RFC 6749 §2.3.1), which OAuth libraries send when they cannot set a header. */
export function credentialInForm(
  form: ReadonlyMap<string, string>,
): Result<PresentedCredential, OAuthRefusal> {
  if (form.has("client_assertion"))
    return err(invalidRequest("This endpoint does not accept client assertions"));
  const client = form.get("client_id");
  const secret = form.get("client_secret");
  if (client === undefined || secret === undefined) return err(unauthenticated("Basic"));
  return ok({ scheme: "Basic", secret, client });
}

/** Refuses two ways to authenticate, or two clients (RFC 6749 §2.3). */
export function contradictsHeader(
  form: ReadonlyMap<string, string>,
  { scheme, client }: PresentedCredential,
): OAuthRefusal | undefined {
  if (form.has("client_secret") || form.has("client_assertion"))
    return invalidRequest("Authenticate with the Authorization header or in the form, not with both");
  const named = form.get("client_id");
  return scheme === "Basic" && named !== undefined && named !== client
    ? invalidRequest("client_id differs from the client that authenticates")
    : undefined;
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
