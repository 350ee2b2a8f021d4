/** Makes a new API key: the secret, for the one answer that shows it, and the values that are stored. */
import type { KeyCreated } from "../../contract/key.ts";
import { digestKey } from "../../credentials/digest.ts";
import { maskKey, mintKey } from "../../credentials/key-format.ts";
import { rfc3339OrNull } from "../../kernel/clock.ts";
import type { NewKey } from "../owners/agent-owner.ts";
import type { OperationPorts } from "../request/ports.ts";

/** @param expiresAt milliseconds since the epoch. */
export async function newKey(
  ports: OperationPorts,
  expiresAt: number,
): Promise<{ readonly secret: string; readonly key: NewKey }> {
  const [newest] = ports.derived;
  const secret = await mintKey("agent", newest.formKey, ports.random);
  return {
    secret,
    key: {
      id: ports.ids.next("key"),
      digest: digestKey(newest.pepper, secret),
      rootKeyVersion: newest.version,
      last4: maskKey(secret),
      createdAt: ports.clock.now(),
      expiresAt,
    },
  };
}

/** The key as in every answer except the first. */
export const issuedKeyView = ({ id, expiresAt }: NewKey): KeyCreated["api_key"] => ({
  id,
  secret: null,
  expires_at: rfc3339OrNull(expiresAt),
});
