/**
 * Authenticates a request about the agent itself: its event stream, and the events that it reports. The rules are
 * those of every door, with two differences. An agent that is draining is admitted, because it does no new work
 * here. The live raw key of a suspended agent is admitted too; such a request is checked from the beginning, on its
 * own (decision 0035).
 */
import { err, ok, type Result } from "../kernel/result.ts";
import {
  authenticateAgent,
  bearerOf,
  identifyKey,
  leaseForKey,
  type AuthenticationPorts,
  type AuthenticationRefusal,
  type Presented,
} from "./authenticate.ts";
import type { Self } from "./release.ts";
import { standsSuspended, suspendedProof, type Suspended } from "./suspended.ts";

/** @param audience the URL of this door, beside the public URL. */
export async function authenticateSelf(
  ports: AuthenticationPorts,
  presented: Presented,
  audience: string,
): Promise<Result<Self, AuthenticationRefusal>> {
  const caller = await authenticateAgent(ports, presented, audience, "open");
  if (caller.ok) return ok({ kind: "caller", caller: caller.value });
  // A suspended agent acts for no user: a header that asks for it closes this door too.
  if (caller.error.kind !== "dead" || presented.actAs !== null) return caller;
  const suspended = await suspendedBehind(ports, bearerOf(presented.authorization) ?? "");
  return suspended ?? caller;
}

/** Null: this is not the live key of a suspended agent. */
async function suspendedBehind(
  ports: AuthenticationPorts,
  secret: string,
): Promise<Result<Suspended, AuthenticationRefusal> | null> {
  if (!secret.startsWith("dome_at_")) return null;
  const known = await identifyKey(ports, secret);
  if (known === undefined) return null;
  const { agent: id, workspace, key } = known;
  const leased = await leaseForKey(ports, known);
  if (!leased.ok) return leased;
  if (leased.value.answer.state !== "suspended") return null;
  const stands = await standsSuspended(ports, { workspace, agent: { id }, key });
  if (!stands.ok) return stands.error.kind === "no_lease" ? err(stands.error) : null;
  const org = await ports.leases.org();
  if (!org.ok) return org;
  await ports.configuration.loadTiers(org.value.answer.config_epoch);
  // When the registry says that an agent is revoked, that is final, whatever the agent's object says (P5).
  const agent = await ports.configuration.agent(id, leased.value.answer.record_version);
  if (agent === undefined) return null;
  return ok({ [suspendedProof]: true, kind: "suspended", workspace, agent, key });
}
