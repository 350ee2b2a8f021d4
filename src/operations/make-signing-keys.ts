/** The first signing keys of an installation: one for call tokens, one for receipts. Whoever comes second makes none. */
import { draftRecord } from "../audit/record.ts";
import { generateSigningKey } from "../tokens/signing-key.ts";
import type { OperationPorts } from "./ports.ts";

const DOME_ITSELF = { subject: "dome", token: "first-signing-keys" };

export async function makeFirstSigningKeys(ports: OperationPorts, requestId: string): Promise<void> {
  const createdAt = ports.clock.now();
  const times = { createdAt, notBefore: createdAt };
  const keys = await Promise.all([
    generateSigningKey("token", times, ports.derived, ports.random),
    generateSigningKey("receipt", times, ports.derived, ports.random),
  ]);
  await ports.owners.org().configure({
    change: ports.ids.next("chg"),
    meta: { operator: DOME_ITSELF, request: null, requestId },
    content: { kind: "first_signing_keys", keys },
    answer: "",
    audit: [
      draftRecord(ports, {
        workspace: "org",
        kind: "signing_keys.created",
        operator: DOME_ITSELF,
        request_id: requestId,
        data: { kids: keys.map((key) => key.kid) },
      }),
    ],
  });
}
