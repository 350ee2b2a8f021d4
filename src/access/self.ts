/**
 * Who stands at a door about the agent itself: its event stream, and where it reports events. As at every door, with two
 * differences: an agent that drains is let in, because it does no new work here; and so is the live raw key of a suspended
 * agent, which is looked at from the beginning, and by itself (decision 0035).
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
  // Nobody acts for a user while suspended: a header that asks for it closes this door too.
  if (caller.error.kind !== "dead" || presented.actAs !== null) return caller;
  const suspended = await suspendedBehind(ports, bearerOf(presented.authorization) ?? "");
  return suspended ?? caller;
}

/** Null: it is not the live key of a suspended agent. */
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
  // The registry's word that an agent is revoked is final, whatever its object says (P5).
  const agent = await ports.configuration.agent(id, leased.value.answer.record_version);
  if (agent === undefined) return null;
  return ok({ [suspendedProof]: true, kind: "suspended", workspace, agent, key });
}
