/** Refused credentials: a dead one is recorded, at most once a second with a count; one never issued is only counted. */
import type { AuthenticationRefusal } from "../access/authenticate.ts";
import { draftRecord } from "../audit/record.ts";
import { findAgentById } from "../registry/agents.ts";
import type { Services } from "./services.ts";

/** @param path of the route, not of the request: what stands in the request's may be a secret (P4). */
export function noteRefusedAgent(
  services: Services,
  refusal: AuthenticationRefusal,
  path: string,
  requestId: string,
): void {
  const now = services.clock.now();
  if (refusal.kind === "unknown") {
    const ended = services.refused.neverIssued(now);
    if (ended !== null) services.log.write("warn", "credentials.never_issued", { ...ended });
    return;
  }
  if (refusal.kind !== "dead") return;
  const counted = services.refused.dead(refusal.key ?? refusal.agent, now);
  if (counted === null) return;
  services.background(record(services, refusal, counted.count, path, requestId));
}

async function record(
  services: Services,
  refusal: Extract<AuthenticationRefusal, { kind: "dead" }>,
  count: number,
  path: string,
  requestId: string,
): Promise<void> {
  const row = await findAgentById(services.operations.db, refusal.agent);
  if (row === undefined) return;
  await services.access.sink.record(
    draftRecord(services, {
      workspace: row.workspaceId,
      kind: "credential.refused",
      agent: refusal.agent,
      request_id: requestId,
      reason: refusal.why,
      ...(refusal.key === null ? {} : { target: { type: "key", id: refusal.key } }),
      data: { count, path },
    }),
  );
}
