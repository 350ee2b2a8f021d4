/**
 * Makes the first signing keys of the organization: one for call tokens, one for receipts. When they exist already,
 * nothing is made.
 */
import { z } from "zod";
import { ok } from "../kernel/result.ts";
import { generateSigningKey } from "../tokens/signing-key.ts";
import { change, changedOrg } from "./change/change.ts";
import type { OperationPorts, Requester } from "./request/ports.ts";

const DOME_ITSELF = { subject: "dome", token: "first-signing-keys" };

export async function makeFirstSigningKeys(ports: OperationPorts, requestId: string): Promise<void> {
  const request: Requester = { operator: DOME_ITSELF, id: requestId, key: null };
  await change(ports, request, changedOrg(ports), z.null(), async () => {
    const createdAt = ports.clock.now();
    const times = { createdAt, notBefore: createdAt };
    const keys = await Promise.all([
      generateSigningKey("token", times, ports.derived, ports.random),
      generateSigningKey("receipt", times, ports.derived, ports.random),
    ]);
    return ok({
      answer: null,
      change: {
        audit: [
          { workspace: "org", kind: "signing_keys.created", data: { kids: keys.map((key) => key.kid) } },
        ],
        send: (command) =>
          ports.owners
            .org()
            .configure({ ...command, basedOn: null, content: { kind: "first_signing_keys", keys } }),
      },
    });
  });
}
