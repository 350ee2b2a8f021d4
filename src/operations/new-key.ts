/** A new API key: the secret for the one answer that shows it, and what is stored of it. */
import { digestKey } from "../credentials/digest.ts";
import { maskKey, mintKey } from "../credentials/key-format.ts";
import type { NewKey } from "./agent-owner.ts";
import type { OperationPorts } from "./ports.ts";

export async function newKey(
  ports: OperationPorts,
  expiresAt: string | null,
): Promise<{ readonly secret: string; readonly key: NewKey }> {
  const [newest] = ports.derived;
  const secret = await mintKey("agent", newest.formKey, ports.random);
  return {
    secret,
    key: {
      id: ports.ids.next("key"),
      digest: await digestKey(newest.pepper, secret),
      rootKeyVersion: newest.version,
      last4: maskKey(secret),
      createdAt: ports.clock.now(),
      expiresAt: expiresAt === null ? null : Date.parse(expiresAt),
    },
  };
}
