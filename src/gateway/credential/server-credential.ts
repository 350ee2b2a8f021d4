/**
 * The credential of Dome for the server behind a tool. The secret is opened for one call, and stands in no other place;
 * a token that was got for it stays in this isolate's memory.
 */
import type { Egress } from "../../egress/egress.ts";
import { toBase64, toHex, utf8 } from "../../kernel/bytes.ts";
import { defined } from "../../kernel/defined.ts";
import { sha256Sync } from "../../kernel/digest.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import type { Upstream } from "../../registry/upstream.ts";
import { destinationOf, openSecret } from "../../registry/tool-secrets.ts";
import type { EnvelopeKey } from "../../secrets/envelope.ts";
import { forgetToken, heldToken, type HeldTokenPorts } from "./held-tokens.ts";
import { requestToken, type OAuth, type TokenFault } from "./token-request.ts";

export interface ServerCredentialPorts extends HeldTokenPorts {
  readonly egress: Pick<Egress, "open">;
  /** Every root-key version. */
  readonly derived: readonly EnvelopeKey[];
}

/** What Dome authenticates with, and for which address. */
export type Server = Pick<Upstream, "auth" | "secret" | "url">;

/** There is no secret, or it is sealed for another server or under a root key that is gone; or no token for it. */
export type NoCredential = { readonly kind: "credential_missing" } | TokenFault;

export interface ServerCredential {
  readonly headers: Headers;
  /** The server does not accept it: what was got for the secret is not used again. @returns whether it can be got anew. */
  refused(): boolean;
}

/** Parameters of a token request, and what tells its token from others of the same tool. */
export interface Grant {
  readonly form: Readonly<Record<string, string>>;
  readonly of: string;
}

export const CLIENT: Grant = { form: { grant_type: "client_credentials" }, of: "" };

/**
 * @param grant for a server with an authorization server of its own: in whose name the token is.
 * @param signal ends the waiting for a token.
 * @returns no headers where the server needs none. Without a credential nothing may be sent.
 */
export async function serverCredential(
  ports: ServerCredentialPorts,
  server: Server,
  signal: AbortSignal,
  grant: (auth: OAuth) => Promise<Result<Grant, NoCredential>> = () => Promise.resolve(ok(CLIENT)),
): Promise<Result<ServerCredential, NoCredential>> {
  const { auth, secret } = server;
  const headers = new Headers();
  if (auth.type === "none") return ok({ headers, refused: () => false });
  const opened = secret === null ? null : await openSecret(ports.derived, secret, destinationOf(server));
  if (secret === null || opened?.ok !== true) return err({ kind: "credential_missing" });
  switch (auth.type) {
    case "bearer":
      headers.set("authorization", `Bearer ${opened.value}`);
      break;
    case "basic":
      headers.set("authorization", `Basic ${toBase64(utf8(`${auth.username}:${opened.value}`))}`);
      break;
    case "header":
      headers.set(auth.name, opened.value);
      break;
    case "oauth_client_credentials": {
      const granted = await grant(auth);
      if (!granted.ok) return granted;
      const { form, of } = granted.value;
      const key = keyOf(server, auth, `${secret.toolId} ${secret.id} ${of}`);
      const asked = {
        ...form,
        resource: auth.resource ?? server.url,
        ...defined({ scope: auth.scope ?? undefined }),
      };
      const token = await heldToken(
        ports,
        key,
        (until) => requestToken(ports.egress, auth, opened.value, asked, until),
        signal,
      );
      if (!token.ok) return token;
      headers.set("authorization", `Bearer ${token.value}`);
      const refused = (): boolean => {
        forgetToken(ports, key, token.value);
        return true;
      };
      return ok({ headers, refused });
    }
  }
  return ok({ headers, refused: () => false });
}

/** A change of the entry, of its secret, or of the user is another token. */
const keyOf = ({ url }: Server, auth: OAuth, of: string): string =>
  toHex(sha256Sync(utf8(JSON.stringify([url, auth, of]))));
