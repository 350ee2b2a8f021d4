/** The credential that Dome sends to the server behind a tool. It is opened for one call, and stands in no other place. */
import { toBase64, utf8 } from "../../kernel/bytes.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import type { Upstream } from "../../registry/catalog.ts";
import { openSecret, originOf } from "../../registry/tool-secrets.ts";
import type { EnvelopeKey } from "../../secrets/envelope.ts";

/** Missing, or sealed for another server or under a root key that is gone: the call fails closed. */
export async function addCredential(
  headers: Headers,
  { auth, secret, url }: Pick<Upstream, "auth" | "secret" | "url">,
  keys: readonly EnvelopeKey[],
): Promise<Result<void, "upstream_credential_missing">> {
  if (auth.type === "none") return ok(undefined);
  const opened = secret === null ? null : await openSecret(keys, secret, originOf(url));
  if (opened?.ok !== true) return err("upstream_credential_missing");
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
  return ok(undefined);
}
