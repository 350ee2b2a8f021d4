/** The credential that Dome sends to the server behind a tool. It is opened for one call, and stands in no other place. */
import { toBase64, utf8 } from "../../kernel/bytes.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import type { Upstream } from "../../registry/catalog.ts";
import { openSecret, originOf } from "../../registry/tool-secrets.ts";
import type { EnvelopeKey } from "../../secrets/envelope.ts";

export interface ServerCredentialPorts {
  /** Every root-key version. */
  readonly derived: readonly EnvelopeKey[];
}

/** What Dome authenticates with, and for which address. */
export type Server = Pick<Upstream, "auth" | "secret" | "url">;

/** Missing, or sealed for another server or under a root key that is gone. */
export interface NoCredential {
  readonly kind: "credential_missing";
}

/** The headers with the credential; none where the server needs none. Without a credential nothing may be sent. */
export async function serverCredential(
  { derived }: ServerCredentialPorts,
  { auth, secret, url }: Server,
): Promise<Result<Headers, NoCredential>> {
  const headers = new Headers();
  if (auth.type === "none") return ok(headers);
  const opened = secret === null ? null : await openSecret(derived, secret, originOf(url));
  if (opened?.ok !== true) return err({ kind: "credential_missing" });
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
  }
  return ok(headers);
}
